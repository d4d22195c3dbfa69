--! options --preempt off
-- Timeouts within each other, within groups and generators: each ends what it
-- was given, and nothing else.
local tri = require "trilune"
local ch = tri.chan()
-- The inner one first: the outer function goes on.
print(tri.timeout(60, function()
  local ok, why = tri.timeout(0.001, ch.recv, ch)
  tri.sleep(0.001)
  return "inner", ok, why
end))                                               --> true inner nil timeout
-- The outer one first: the inner call does not claim it.
local inner = "not back"
print(tri.timeout(0.001, function()
  inner = { tri.timeout(60, ch.recv, ch) }
end), inner)                                        --> nil not back
-- Both at once.
local both = tri.timeout(0.001, function() return tri.timeout(0.001, ch.recv, ch) end)
print(both == nil or both == true)                  --> true

-- A group whose member fails while the function is in a timeout.
print(pcall(tri.group, function(group)
  group:go(error, "member", 0)
  return tri.timeout(60, ch.recv, ch)
end))                                               --> false member

-- A generator that yields out of one: the time goes on, its waits end.
local co = coroutine.create(function()
  return tri.timeout(0.005, function()
    coroutine.yield("yielded")
    ch:recv()
  end)
end)
print(coroutine.resume(co))                         --> true yielded
tri.sleep(0.01)
print(coroutine.resume(co))                         --> true nil timeout
-- One that is closed, and one that is dropped, inside of it.
for i = 1, 2 do
  local c = coroutine.wrap(function() tri.timeout(0.001, function() coroutine.yield() end) end)
  c()
end
co = coroutine.create(function() tri.timeout(0.001, function() coroutine.yield() end) end)
coroutine.resume(co)
print(coroutine.close(co))                          --> true
collectgarbage()
tri.sleep(0.005)
print(ch:recv(0.001))                               --> nil nil timeout
