-- When the writer that keeps readers out is cancelled or times out, they get in at once.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local rw = require "trilune.sync".rwmutex()
rw:rlock()
local writer = parked(tri.go(rw.lock, rw))
local reader = parked(tri.go(function() rw:rlock() return "reads" end))
writer:cancel()
print(reader:join())              --> true reads
print(writer:join())              --> false cancelled
local timed = tri.go(rw.lock, rw, 0.1)
parked(timed)
local another = parked(tri.go(function() rw:rlock() return "reads too" end))
print(another:join())             --> true reads too
print(timed:join())               --> true nil timeout
