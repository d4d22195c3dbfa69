-- A cancelled or timed-out waiter loses its place; the ones behind it move up.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local m = require "trilune.sync".mutex()
m:lock()
local first = parked(tri.go(m.lock, m))
local timed = tri.go(m.lock, m, 0.001)
local third = parked(tri.go(function() m:lock() return "got it" end))
first:cancel()
print(first:join())    --> false cancelled
print(timed:join())    --> true nil timeout
m:unlock()
print(third:join())    --> true got it
print(m:trylock())     --> false
