-- Upvalues are copied, once for each worker: what the function does to them
-- stays there.
local par = require "trilune.parallel"

local counter, names = 0, {"zero", "one", "two"}
local r = par.map(function(v)
  counter = counter + 1
  return names[v + 1]
end, {0, 1, 2})
print(table.concat(r, " "), counter)  --> zero one two 0
local counts = par.map(function()
  counter = counter + 1
  return counter
end, par.range(1, 10), {workers = 1, chunk = 3})
print(table.concat(counts, " "))  --> 1 2 3 4 5 6 7 8 9 10
