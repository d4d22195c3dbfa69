-- Resident memory of a million Gs that wait on one channel; then all end.
local tri = require "trilune"
local go, yield = tri.go, tri.yield

local n = tonumber(arg[1]) or 1000000
local page = tonumber(arg[2]) or 4096

local function resident()
  local file <close> = assert(io.open("/proc/self/statm"))
  local _, pages = file:read("n", "n")
  return pages * page
end

local gate = tri.chan()
local waiting, ended = 0, 0
local function body()
  waiting = waiting + 1
  gate:recv()
  ended = ended + 1
end

collectgarbage()
local before = resident()
for _ = 1, n do go(body) end
while waiting < n do yield() end
local after = resident()
local start = tri.now()
gate:close()
while ended < n do yield() end
local seconds = tri.now() - start
print(("bytes_per_g=%.1f wake_ns=%.1f"):format((after - before) / n,
                                               seconds / n * 1e9))
