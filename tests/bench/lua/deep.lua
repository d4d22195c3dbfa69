-- A loop at the bottom of a deep recursion, beside Gs that want the P now and
-- then: each request to make way walks the whole stack.
local tri = require "trilune"

local depth = tonumber(arg[1]) or 190000
local size = tonumber(arg[2]) or 200000000

local function work()
  local sum = 0
  for i = 1, size do sum = sum + i end
  return sum
end

local function descend(n)
  if n == 0 then return work() end
  local sum = descend(n - 1)
  return sum
end

local over = false
for _ = 1, 3 do
  tri.go(function() while not over do tri.sleep(0.0001) end end)
end
local start = tri.now()
descend(depth)
print(("seconds=%.4f"):format(tri.now() - start))
over = true
