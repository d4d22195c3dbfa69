-- With default, select never waits: it gives "default" if nothing is ready now.
local tri = require "trilune"
local ch = tri.chan(1)
local ran = false
tri.go(function() ran = true end)
print(tri.select { { ch }, default = true })               --> default
print(tri.select { default = true })                       --> default
print(tri.select { { ch, "send", 1 }, default = true })    --> 1 nil true
print(tri.select { { ch, "send", 2 }, default = true })    --> default
print(tri.select { { ch }, default = true })               --> 1 1 true
print(ran, select("#", tri.select { default = true }))     --> false 1
