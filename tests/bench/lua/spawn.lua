-- Spawning an empty function and joining it: in bursts of 16 with time between
-- them for the pool, and one after the other without a pause; and two programs
-- that compute, side by side.
-- Usage: spawn.lua burst|sustained|one|two
local tri = require "trilune"

local how = arg[1]

local function empty() end

local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local function median(values)
  table.sort(values)
  return values[#values // 2 + 1]
end

if how == "burst" then
  local SIZE <const>, ROUNDS <const> = 16, 60
  local times = {}
  for round = 1, ROUNDS do
    tri.sleep(0.02)
    local start = tri.now()
    local spawned = {}
    for i = 1, SIZE do spawned[i] = tri.spawn(empty) end
    for i = 1, SIZE do assert(spawned[i]:join()) end
    times[round] = (tri.now() - start) * 1e6 / SIZE
  end
  print(("us_per_op=%.2f"):format(median(times)))
elseif how == "sustained" then
  local N <const> = 20000
  local start = tri.now()
  for _ = 1, N do assert(tri.spawn(empty):join()) end
  print(("us_per_op=%.2f"):format((tri.now() - start) * 1e6 / N))
else
  local programs = how == "two" and 2 or 1
  local start = tri.now()
  local spawned = {}
  for i = 1, programs do spawned[i] = tri.spawn(fib, 34) end
  for i = 1, programs do assert(spawned[i]:join()) end
  print(("seconds=%.6f"):format(tri.now() - start))
end
