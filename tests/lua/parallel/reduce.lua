-- reduce keeps the order: an associative function need not be commutative.
local par = require "trilune.parallel"

local function join(a, b) return a .. b end
local list = {}
for i = 1, 500 do list[i] = ("%d,"):format(i) end
local whole = table.concat(list)
for _, chunk in ipairs {1, 3, 64, 500} do
  assert(par.reduce(join, list, nil, {chunk = chunk}) == whole)
  assert(par.reduce(join, list, ">", {chunk = chunk}) == ">" .. whole)
end
assert(par.reduce(join, list) == whole)
print(par.reduce(math.max, {3, 9, 4}), par.reduce(math.max, {3, 9, 4}, 10))  --> 9 10
print(par.reduce(function(a, b) return a + b end, par.range(1, 100000)))  --> 5000050000
