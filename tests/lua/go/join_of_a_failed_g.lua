-- join of a failed G gives false and its error, positions included.
local tri = require "trilune"
print(tri.go(function() error("with a position") end):join())
--> false join_of_a_failed_g.lua:3: with a position
print(tri.go(function() error("bare", 0) end):join())        --> false bare
print(tri.go(function() local x = nil; return x.y end):join())
--> false join_of_a_failed_g.lua:6: attempt to index a nil value (local 'x')
print(tri.go(function() tri.yield() error("late", 0) end):join()) --> false late
