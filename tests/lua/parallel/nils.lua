-- A nil result keeps its place; the second result counts it. Lists with holes
-- have a length of their own.
local par = require "trilune.parallel"

for _, chunk in ipairs {1, 2, 100} do
  local r, n = par.map(function(v) if v % 3 == 0 then return v end end, par.range(1, 7),
                       {chunk = chunk})
  assert(n == 7 and r[1] == nil and r[3] == 3 and r[6] == 6 and r[7] == nil)
  r, n = par.map(function(v) return v == nil end, {1, nil, 3, nil}, {n = 4, chunk = chunk})
  assert(n == 4)
  print(table.unpack(r, 1, n))
end
--> false true false true
--> false true false true
--> false true false true
local r, n = par.map(function() end, {1, 2, 3})
print(next(r), n)  --> nil 3
