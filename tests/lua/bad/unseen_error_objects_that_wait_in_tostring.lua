-- Error objects of unjoined Gs whose __tostring waits are reported, or named by type; nothing is disturbed.
--! stderr goroutine \d+
local tri = require "trilune"
local object = setmetatable({}, { __tostring = function()
  tri.sleep(0.002)
  tri.yield()
  return "shown late"
end })
for _ = 1, 20 do tri.go(error, object) end
local gs = {}
for i = 1, 50 do
  gs[i] = tri.go(function() tri.yield() tri.sleep(0.001) if i % 2 == 0 then error("even", 0) end return i end)
end
local sum = 0
for i = 1, 50 do
  local ok, v = gs[i]:join()
  if ok then sum = sum + v end
end
print(sum)   --> 625
