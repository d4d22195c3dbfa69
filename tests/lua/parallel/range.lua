-- par.range(a, b [, step]) has the elements of a numeric for loop.
local par = require "trilune.parallel"

local function show(...)
  print(table.concat(par.map(function(v) return v end, par.range(...), {chunk = 2}), " "))
end
show(1, 5)  --> 1 2 3 4 5
show(5, 1, -2)  --> 5 3 1
show(0, 1, 0.25)  --> 0.0 0.25 0.5 0.75 1.0
show(2, 1)  -->
show(math.maxinteger - 2, math.maxinteger)
--> 9223372036854775805 9223372036854775806 9223372036854775807
print(#par.range(1, 10, 3), par.range(1, 10, 3))  --> 4 range(1, 10, 3)
local function try(...) print(select(2, pcall(par.range, ...))) end
try(1, 2, 0)  --> bad argument #3 to 'range' ('step' is zero)
try("a", 2)  --> bad argument #1 to 'range' (number expected, got string)
try(1)  --> bad argument #2 to 'range' (number expected, got no value)
try(math.mininteger, math.maxinteger)  --> bad argument #2 to 'range' (too many elements)
try(0, math.huge)  --> bad argument #2 to 'range' (too many elements)
