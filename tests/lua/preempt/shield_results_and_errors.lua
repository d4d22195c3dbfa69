-- trilune.shield passes results and errors on, nests, and works below coroutines.
--! options --slice 1ms
local tri = require "trilune"
print(tri.shield(function() return 1, nil, 3 end, 1))               --> 1 nil 3
print(select("#", tri.shield(function() end, 1)))                   --> 0
print(pcall(tri.shield, function() error("oops", 0) end, 1))        --> false oops
local object = {}
print(select(2, pcall(tri.shield, function() error(object) end, 1)) == object)   --> true
print(tri.shield(function() return tri.shield(function() return "inner" end, 1) end, 1))   --> inner
local f = coroutine.wrap(function()
  return tri.shield(function()
    coroutine.yield "yielded"
    return "resumed"
  end, 1)
end)
print(f(), f())                                                     --> yielded resumed
-- In a generator that is closed, and in one that nobody goes on with.
local co = coroutine.create(function() tri.shield(function() coroutine.yield() end, 1) end)
coroutine.resume(co)
print(coroutine.close(co))                                          --> true
do
  local left = coroutine.wrap(function() tri.shield(function() coroutine.yield() end, 1) end)
  left()
end
collectgarbage() collectgarbage()
-- The inner one ends, the outer one still holds.
local log = {}
local g = tri.go(function()
  tri.shield(function()
    tri.shield(function() tri.self():cancel("later") tri.sleep(0.001) end, 1)
    log[#log + 1] = (pcall(tri.sleep, 0.001))
  end, 60)
  log[#log + 1] = (pcall(tri.sleep, 0.001))
end)
g:join()
print(log[1], log[2])                                               --> true false
for _, bad in ipairs { -1, 0/0, "x", {} } do
  if pcall(tri.shield, function() end, bad) then print("took", bad) end
end
print(pcall(tri.shield))                       --> false bad argument #1 to 'trilune.shield' (function expected, got no value)
