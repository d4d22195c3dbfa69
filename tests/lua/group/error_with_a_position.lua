-- An error raised through tri.group keeps the position it got, and gets no other.
local tri = require "trilune"
print(pcall(tri.group, function(group) group:go(function() error("in a G") end) end))
--> false error_with_a_position.lua:3: in a G
print(pcall(tri.group, function() error("in the function") end))
--> false error_with_a_position.lua:5: in the function
print(pcall(tri.group, function(group) group:go(error) end))            --> false nil
print(pcall(tri.group, function(group) group:go(error, false) end))     --> false false
