-- coroutine.yield below a C function fails in a coroutine of a G as stock does, while waits work there.
local tri = require "trilune"
local co = coroutine.create(function()
  local t = { 2, 1 }
  table.sort(t, function(a, b)
    tri.yield()
    print(coroutine.isyieldable(), pcall(coroutine.yield, "x"))
    return a < b
  end)
  return t[1], coroutine.isyieldable()
end)
local g = tri.go(function() return coroutine.resume(co) end)
print(g:join())
--> false false attempt to yield across a C-call boundary
--> true true 1 true
