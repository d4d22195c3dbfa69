-- A timeout of 0 does not let other Gs run, and takes what is ready.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan()
local ran = false
tri.go(function() ran = true ch:send("late") end)
print(ch:recv(0))       --> nil nil timeout
print(ran)              --> false
tri.yield()
print(ch:recv(0))       --> late true
local g = parked(tri.go(ch.recv, ch))
print(ch:send("v", 0))  --> true
print(g:join())         --> true v true
--! both-channels
