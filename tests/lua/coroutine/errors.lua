--! stderr error in goroutine \d+: errors.lua:\d+: unseen\n
--! stderr in function <errors.lua:
-- An error in a coroutine that is a goroutine comes by join; one that nobody
-- joins is reported with its traceback.
local tri = require "trilune"
local object = {}
local g = tri.go(coroutine.create(function() coroutine.yield() error(object) end))
local ok, e = g:join()
print(ok, e == object)                            --> false true
local co = coroutine.create(function() coroutine.yield() error("message") end)
g = tri.go(co)
print((select(2, g:join())))                      --> errors.lua:10: message
print(coroutine.status(co), coroutine.resume(co)) --> dead false cannot resume dead coroutine
print(coroutine.close(co))                        --> true

-- A yield across a C call raises as ever.
g = tri.go(coroutine.create(function()
  print(coroutine.isyieldable(), pcall(table.sort, { 1, 2 }, function() return coroutine.yield() end))
  table.sort({ 1, 2 }, function(a, b) tri.yield() print(coroutine.isyieldable()) return a < b end)
  print(pcall(tri.atomic, coroutine.yield))
  return "end"
end))
print(g:join())
--> true false attempt to yield across a C-call boundary
--> false
--> false attempt to yield across a C-call boundary
--> true end

-- Nested coroutines in it are ordinary ones.
print(tri.go(coroutine.create(function()
  local inner = coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end)
  return inner(), inner()
end)):join())                                     --> true 1 2

co = coroutine.create(function() coroutine.yield() error("unseen") end)
tri.go(co)
while coroutine.status(co) ~= "dead" do tri.yield() end
