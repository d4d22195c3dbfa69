-- Two Gs that wake each other all the time do not keep a third one from running.
local tri = require "trilune"
local a, b, stop = tri.chan(), tri.chan(), false
tri.go(function() while not stop do a:send(1) b:recv() end a:close() end)
local pong = tri.go(function() for _ in a:iter() do b:send(1) end end)
local third = tri.go(function()
  for i = 1, 5 do tri.yield() end
  stop = true
  return "had its turns"
end)
print(third:join())   --> true had its turns
pong:join()
