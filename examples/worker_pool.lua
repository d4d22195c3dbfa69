-- A worker pool: a few goroutines take jobs from one channel. A job may fail,
-- and the others go on. The group makes sure that every worker has ended before
-- `results` is closed.
--
-- Run it: trilune worker_pool.lua [number of workers]
local tri = require "trilune"
local workers = tonumber((...)) or 3

local jobs, results = tri.chan(), tri.chan()

-- What a job does: it takes a while, and number 7 always fails.
local function work(n)
  tri.sleep(0.02 + n % 3 * 0.02)
  if n == 7 then error("seven is unlucky", 0) end
  return n * n
end

local function worker(name)
  for n in jobs:iter() do
    local ok, result = pcall(work, n)
    results:send { job = n, worker = name, ok = ok, result = result }
  end
end

local started = tri.now()
tri.go(function()
  tri.group(function(group)
    for i = 1, workers do group:go(worker, i) end
    for n = 1, 12 do jobs:send(n) end
    jobs:close()
  end)
  results:close()
end)

local all = {}
for r in results:iter() do all[#all + 1] = r end

table.sort(all, function(a, b) return a.job < b.job end)
print("job  worker  result")
for _, r in ipairs(all) do
  print(("%3d  %6d  %s"):format(r.job, r.worker, r.ok and r.result or "failed: " .. r.result))
end
print(("%d jobs, %d workers, %.1f seconds"):format(#all, workers, tri.now() - started))
