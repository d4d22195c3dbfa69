-- join of a G that has ended gives its results without letting others run.
local tri = require "trilune"
local g = tri.go(function() return "ended" end)
tri.yield()
local ran = false
tri.go(function() ran = true end)
print(g:join())   --> true ended
print(ran)        --> false
