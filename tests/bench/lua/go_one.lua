-- A G made, run and ended, one at a time.
local tri = require "trilune"
local go, yield = tri.go, tri.yield

local n = tonumber(arg[1]) or 1000000
local ended = 0
local function body() ended = ended + 1 end

local start = tri.now()
for _ = 1, n do
  go(body)
  yield()
end
local seconds = tri.now() - start
assert(ended == n)
print(("ns_per_op=%.2f"):format(seconds / n * 1e9))
