-- An error is reported if those who joined gave up before the G failed.
--! stderr goroutine 2\b[\s\S]*late failure
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local gate = tri.chan()
local g = tri.go(function() gate:recv() error("late failure", 0) end)
print(g:join(0.002))      --> nil timeout
local joiner = parked(tri.go(g.join, g))
joiner:cancel()
print(joiner:join())      --> false cancelled
gate:send(1)
g = nil
tri.yield()
