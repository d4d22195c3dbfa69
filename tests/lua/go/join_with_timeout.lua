-- join gives nil, "timeout" if the G does not end in time, and its results later.
local tri = require "trilune"
local gate = tri.chan()
local g = tri.go(function() return gate:recv() end)
print(g:join(0))             --> nil timeout
local before = tri.now()
print(g:join(0.02))          --> nil timeout
print(tri.now() - before >= 0.02)  --> true
gate:send("value")
print(g:join(math.huge))     --> true value true
print(g:join(0))             --> true value true
print(pcall(g.join, g, -1) == false, pcall(g.join, g, 0 / 0) == false, pcall(g.join, g, "soon") == false)
--> true true true
