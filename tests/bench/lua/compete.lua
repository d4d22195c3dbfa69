-- Four Gs that compute at the same time, against the same work one after the
-- other. Prints the share of the work per second that is left.
local tri = require "trilune"

local n = tonumber(arg[1]) or 4
local size = tonumber(arg[2]) or 40000000

local function work()
  local sum = 0
  for i = 1, size do sum = sum + i % 7 end
  return sum
end

local start = tri.now()
for _ = 1, n do work() end
local alone = tri.now() - start

start = tri.now()
local list = {}
for i = 1, n do list[i] = tri.go(work) end
for i = 1, n do assert(list[i]:join()) end
local together = tri.now() - start

print(("share=%.4f"):format(alone / together))
