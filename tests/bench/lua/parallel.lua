-- A function of about a microsecond over 10^6 numbers: `one` in a loop here,
-- `map` by trilune.parallel, `range` without a list to send.
-- Usage: parallel.lua one|map|range
local tri = require "trilune"
local par = require "trilune.parallel"

local how = arg[1]
local N <const> = 1000000

local function f(v)
  local x = v
  for i = 1, 175 do x = (x * 31 + i) & 0xffff end
  return x
end

local list = {}
for i = 1, N do list[i] = i end
collectgarbage()

local start = tri.now()
local results
if how == "one" then
  results = {}
  for i = 1, N do results[i] = f(list[i]) end
elseif how == "map" then
  results = par.map(f, list)
else
  results = par.map(f, par.range(1, N))
end
local seconds = tri.now() - start

for i = 1, N, 997 do assert(results[i] == f(i)) end
assert(#results == N)
print(("seconds=%.6f ns_per_op=%.1f"):format(seconds, seconds * 1e9 / N))
