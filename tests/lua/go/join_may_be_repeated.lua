-- join gives the same results each time, to the same G and to others.
local tri = require "trilune"
local t = {}
local g = tri.go(function() return t, nil, 3 end)
print(select("#", g:join()), select(2, g:join()) == t, select(4, g:join()))   --> 4 true 3
print(tri.go(function() return select(2, g:join()) == t end):join())          --> true true
local f = tri.go(error, t)
print(select(2, f:join()) == t, select(2, f:join()) == t)                     --> true true
collectgarbage()
print(select(4, g:join()))                                                    --> 3
