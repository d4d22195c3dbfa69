-- A call in a generator that was collected ends: its own workers do, and a pool serves the next call.
local tri = require "trilune"
local par = require "trilune.parallel"

local function begin(map, ...)
  local arguments = table.pack(...)
  local step = coroutine.wrap(function()
    local n = 0
    arguments[arguments.n + 1] = function(v) return v end
    arguments[arguments.n + 2] = function()
      n = n + 1
      if n == 5 then coroutine.yield "inside" end
      return n
    end
    map(table.unpack(arguments, 1, arguments.n + 2))
  end)
  return step()
end

for _ = 1, 5 do
  assert(begin(par.map) == "inside")
  collectgarbage()
end
while #tri.stats().isolates > 1 do
  collectgarbage()
  tri.sleep(0.001)
end

local pool = par.pool()
for _ = 1, 3 do
  assert(begin(pool.map, pool) == "inside")
  local waits = tri.go(pool.map, pool, function(v) return -v end, {1, 2})
  tri.yield()
  collectgarbage()
  local _, results = waits:join()
  assert(#results == 2 and results[2] == -2)
  assert(#pool:map(function(v) return v end, {1, 2, 3}) == 3)
end
pool:close()
print "PASS"   --> PASS
