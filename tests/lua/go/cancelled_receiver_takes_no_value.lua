-- A value goes to the next receiver if the one that waited longest was cancelled.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan()
local first = parked(tri.go(ch.recv, ch))
local second = parked(tri.go(ch.recv, ch))
first:cancel()
print(ch:send("value"))      --> true
print(first:join())          --> false cancelled
print(second:join())         --> true value true
print(ch:trysend("nobody"))  --> false
