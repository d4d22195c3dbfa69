-- If the G that runs the function is cancelled, the waiting callers go on.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local once = require "trilune.sync".once()
local first = parked(tri.go(once.call, once, function() tri.sleep(1000) end))
local second = parked(tri.go(once.call, once, print))
local third = parked(tri.go(once.call, once, print))
third:cancel()
print(third:join())       --> false cancelled
first:cancel()
print(first:join())       --> false cancelled
print(second:join())      --> true false
