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
-- How it is cut into chunks makes no difference.
local small = par.map(function(v) return v end, par.range(0, 100, 0.1), {chunk = 7})
local large = par.map(function(v) return v end, par.range(0, 100, 0.1), {chunk = 500})
assert(#small == 1001 and #large == 1001)
for i = 0, 1000 do assert(small[i + 1] == i * 0.1 and large[i + 1] == i * 0.1) end
print(par.reduce(math.max, par.range(0, 100, 0.1), nil, {chunk = 7}) == 1000 * 0.1)  --> true
local indices = par.map(function(v, i) return i - v end, par.range(10, 30, 1), {chunk = 4})
for i = 1, #indices do assert(indices[i] == -9) end
-- From one end of the integers to the other.
show(math.mininteger, math.maxinteger, 1 << 62)
--> -9223372036854775808 -4611686018427387904 0 4611686018427387904
show(math.maxinteger, math.mininteger, -(1 << 62))
--> 9223372036854775807 4611686018427387903 -1 -4611686018427387905
show(math.maxinteger, math.mininteger, math.mininteger)  --> 9223372036854775807 -1
show(math.mininteger, 0, math.maxinteger)  --> -9223372036854775808 -1
show(5, 1, math.mininteger)  --> 5
print(#par.range(math.mininteger, math.maxinteger, 3 << 20) == 5864062014806)  --> true
local function try(...) print(select(2, pcall(par.range, ...))) end
try(1, 2, 0)  --> bad argument #3 to 'range' ('step' is zero)
try("a", 2)  --> bad argument #1 to 'range' (number expected, got string)
try(1)  --> bad argument #2 to 'range' (number expected, got no value)
try(math.mininteger, math.maxinteger)  --> bad argument #2 to 'range' (too many elements)
try(0, math.huge)  --> bad argument #2 to 'range' (too many elements)
