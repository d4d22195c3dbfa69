--! options --preempt off
-- An error of the function's own is raised, also after its time was over; what
-- only passes the interruption on is the timeout.
local tri = require "trilune"
local ch = tri.chan()
-- One that swallows the interruption and ends has ended.
print(tri.timeout(0.001, function() pcall(ch.recv, ch) return "made it" end))  --> true made it
print(pcall(tri.timeout, 0.001, function()
  local x <close> = setmetatable({}, { __close = function() error("disk full", 0) end })
  ch:recv()
end))                                                                  --> false disk full
print(pcall(tri.timeout, 0.001, function()
  pcall(ch.recv, ch)
  error({}, 0)
end) == false)                                                         --> true
print(tri.timeout(0.001, function()
  local ok, e = pcall(ch.recv, ch)
  error("the work: " .. e)
end))                                                                  --> nil timeout
print(tri.timeout(0.001, function() coroutine.wrap(function() ch:recv() end)() end))   --> nil timeout
