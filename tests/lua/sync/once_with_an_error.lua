-- An error in the function reaches the first caller only; later calls find it done.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local once = require "trilune.sync".once()
local object = {}
local first = tri.go(once.call, once, function() tri.yield() error(object) end)
local second = tri.go(once.call, once, print)
local ok, e = first:join()
print(ok, e == object)      --> false true
print(second:join())        --> true false
print(once:call(print))     --> false
print((pcall(once.call, once, 42)))   --> false
