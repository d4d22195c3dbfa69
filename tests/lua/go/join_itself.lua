-- A G that joins itself gets an error.
local tri = require "trilune"
print((pcall(function() tri.self():join() end)))         --> false
local g = tri.go(function() return pcall(tri.self().join, tri.self(), 0.01) end)
print((select(2, g:join())))                             --> false
