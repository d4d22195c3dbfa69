-- Resident memory of a million suspended coroutines, kept in one table.
local n = tonumber(arg[1]) or 1000000
local page = tonumber(arg[2]) or 4096

local function resident()
  local file <close> = assert(io.open("/proc/self/statm"))
  local _, pages = file:read("n", "n")
  return pages * page
end

local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local function body() yield() end

local list = {}
collectgarbage()
local before = resident()
for i = 1, n do
  local co = create(body)
  resume(co)
  list[i] = co
end
local after = resident()
local start = os.clock()
for i = 1, n do resume(list[i]) end
local seconds = os.clock() - start
print(("bytes_per_g=%.1f wake_ns=%.1f"):format((after - before) / n,
                                               seconds / n * 1e9))
