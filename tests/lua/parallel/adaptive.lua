-- Without the option, chunks are as long as the function allows: cheap elements
-- go many at a time, dear ones alone.
local par = require "trilune.parallel"

-- In `f`: how many elements its chunk has, an argument of its caller.
local function chunk_size()
  local _, chunk = debug.getlocal(3, 2)
  return chunk.n
end
local sizes = par.map(function() return (chunk_size()) end, par.range(1, 20000))
assert(sizes[1] == 1 and math.max(table.unpack(sizes, 1, 10000)) > 64)
local dear = par.map(function()
  local start = os.clock()
  while os.clock() - start < 0.005 do end
  return (chunk_size())
end, par.range(1, 20), {workers = 2})
assert(math.max(table.unpack(dear)) == 1)

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
