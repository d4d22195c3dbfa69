-- join of a failed G gives false and its error, positions included, and a traceback.
local tri = require "trilune"
print(table.unpack({tri.go(function() error("with a position") end):join()}, 1, 2))
--> false join_of_a_failed_g.lua:3: with a position
print(table.unpack({tri.go(function() error("bare", 0) end):join()}, 1, 2))        --> false bare
print(table.unpack({tri.go(function() local x = nil; return x.y end):join()}, 1, 2))
--> false join_of_a_failed_g.lua:6: attempt to index a nil value (local 'x')
print(table.unpack({tri.go(function() tri.yield() error("late", 0) end):join()}, 1, 2)) --> false late
