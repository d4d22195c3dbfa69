-- A million Gs made; each waits on one channel, which is closed; all end.
local tri = require "trilune"
local go, yield = tri.go, tri.yield

local n = tonumber(arg[1]) or 1000000
local gate = tri.chan()
local waiting, ended = 0, 0
local function body()
  waiting = waiting + 1
  gate:recv()
  ended = ended + 1
end

local start = tri.now()
for _ = 1, n do go(body) end
while waiting < n do yield() end
gate:close()
while ended < n do yield() end
local seconds = tri.now() - start
print(("ns_per_op=%.2f"):format(seconds / n * 1e9))
