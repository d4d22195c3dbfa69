-- A worker may call trilune.parallel itself.
local par = require "trilune.parallel"

local sums = par.map(function(v)
  return par.reduce(function(a, b) return a + b end, par.range(1, v), nil, {workers = 2})
end, {10, 100, 1000}, {workers = 2})
print(table.concat(sums, " "))  --> 55 5050 500500
print(pcall(par.map, function()
  return par.map(function() error("inner", 0) end, {1, 2})
end, {1}))  --> false inner
