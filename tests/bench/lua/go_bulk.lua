-- A million Gs made, then all run to their end.
local tri = require "trilune"
local go, yield = tri.go, tri.yield

local n = tonumber(arg[1]) or 1000000
local ended = 0
local function body() ended = ended + 1 end

local start = tri.now()
for _ = 1, n do go(body) end
while ended < n do yield() end
local seconds = tri.now() - start
print(("ns_per_op=%.2f"):format(seconds / n * 1e9))
