-- Calling a generator in which another G waits raises, and does not disturb it.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan()
local gen = coroutine.wrap(function()
  coroutine.yield(ch:recv())
  coroutine.yield("second")
end)
local g = parked(tri.go(gen))
print(pcall(gen))            --> false cannot resume non-suspended coroutine
ch:send("first")
print(g:join())              --> true first true
print(gen())                 --> second
