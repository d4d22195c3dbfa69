-- C functions, also with C upvalues of their own kind, cross.
local tri = require "trilune"
print(tri.spawn(string.rep, "ab", 3):join())                         --> true ababab
print(tri.spawn(math.max, 3, 9, 4):join())                           --> true 9
print(tri.spawn(function(f) return f == string.rep end, string.rep):join())   --> true true
local rep = string.rep
print(tri.spawn(function() return rep("x", 2) end):join())           --> true xx
