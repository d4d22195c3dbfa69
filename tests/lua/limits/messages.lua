-- A message above the limit is refused where it is sent.
local tri = require "trilune"
print(tri.spawn({ message = "10K" }, function()
  local tri = require "trilune"
  local ch = tri.channel(1)
  local big = ("x"):rep(20000)
  local ok1, e1 = pcall(ch.send, ch, big)
  local ok2, e2 = pcall(tri.spawn, print, big)
  return ok1, e1, ok2, e2, ch:trysend(("x"):rep(10000))
end):join())   --> true false message too large: 10240 bytes at most false message too large: 10240 bytes at most true
print((select(2, tri.spawn({ message = "10K" }, function() return ("x"):rep(20000) end):join())))   --> message too large: 10240 bytes at most
-- A child cannot have more than its parent.
print((select(2, tri.spawn({ message = "10K" }, function()
  return select(2, require("trilune").spawn({ message = "1M" }, function() return ("x"):rep(20000) end):join())
end):join())))   --> message too large: 10240 bytes at most
