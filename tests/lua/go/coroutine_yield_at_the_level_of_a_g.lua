-- coroutine.yield in a G outside a coroutine raises as in a main script.
local tri = require "trilune"
print(table.unpack({tri.go(coroutine.yield, 1):join()}, 1, 2))
--> false attempt to yield from outside a coroutine
print(tri.go(function() return pcall(coroutine.yield) end):join())
--> true false attempt to yield from outside a coroutine
print(tri.go(function()
  local ok, m = pcall(function() for _ in function() return coroutine.yield() end do end end)
  tri.yield()
  return ok, m, coroutine.wrap(function() return coroutine.yield("in a coroutine") end)()
end):join())
--> true false attempt to yield from outside a coroutine in a coroutine
