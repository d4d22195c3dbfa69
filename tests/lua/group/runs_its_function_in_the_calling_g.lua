-- The function of a group runs in the G that called tri.group, at once.
local tri = require "trilune"
local main = tri.self()
local ran = false
tri.go(function() ran = true end)
print(tri.group(function() return tri.self() == main, ran end))  --> true false
local g
g = tri.go(function() return tri.group(function() return tri.self() == g end) end)
print(g:join())                                                  --> true true
