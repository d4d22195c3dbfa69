-- Other options are those of tri.spawn: here a worker's memory.
local par = require "trilune.parallel"

print(pcall(par.map, function()
  local t = {}
  for i = 1, 1e7 do t[i] = {i} end
end, {1}, {memory = "4M"}))  --> false not enough memory
print(par.map(function(v) return v end, {5}, {memory = "4M", name = "small"})[1])  --> 5
