-- Cancelling a G that joins another leaves the other running.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan()
local worker = tri.go(function() return "worked", (ch:recv()) end)
local joiner = parked(tri.go(worker.join, worker))
local other = parked(tri.go(worker.join, worker))
print(joiner:cancel(), joiner:join())   --> true false cancelled
print(worker:status())                  --> waiting
ch:send("on")
print(worker:join())                    --> true worked on
print(other:join())                     --> true true worked on
