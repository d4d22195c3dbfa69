-- Without the option, chunks are as long as the function allows: cheap elements
-- go many at a time, dear ones alone.
local par = require "trilune.parallel"

local n = 200000
local results, count = par.map(function(v) return v + 0.5 end, par.range(1, n))
assert(count == n)
for i = 1, n do assert(results[i] == i + 0.5) end

-- Uneven work: the last elements are the dearest.
local uneven = par.map(function(v)
  local sum = 0
  for i = 1, v == 300 and 2000000 or v * 100 do sum = sum + i % 3 end
  return sum
end, par.range(1, 300))
assert(#uneven == 300 and uneven[300] == 2000001)
print "ok"  --> ok
