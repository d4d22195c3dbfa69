-- Other options are those of tri.spawn: here a worker's memory and instructions.
-- A worker that is killed ends the call, and its pool goes on.
local par = require "trilune.parallel"

print(pcall(par.map, function()
  local t = {}
  for i = 1, 1e7 do t[i] = {i} end
end, {1}, {memory = "4M"}))  --> false not enough memory
print(par.map(function(v) return v end, {5}, {memory = "4M", name = "small"})[1])  --> 5

local function deaf()
  while true do pcall(function() while true do end end) end
end
print(pcall(par.map, deaf, {1, 2, 3}, {instructions = 1000000}))
--> false instruction limit (1000000) exceeded
local pool <close> = par.pool {workers = 2, instructions = 1000000}
print(pcall(pool.map, pool, deaf, {1, 2, 3}))  --> false instruction limit (1000000) exceeded
print(pool:map(math.abs, {-1})[1])  --> 1
