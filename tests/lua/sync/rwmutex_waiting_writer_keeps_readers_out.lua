-- While a writer waits, new readers wait behind it, and tryrlock fails.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local rw = require "trilune.sync".rwmutex()
local log = {}
rw:rlock()
local writer = parked(tri.go(function() rw:lock() log[#log + 1] = "writer" tri.yield() rw:unlock() end))
local reader = parked(tri.go(function() rw:rlock() log[#log + 1] = "reader" rw:runlock() end))
print(rw:tryrlock(), rw:rlock(0))      --> false nil timeout
rw:runlock()
writer:join() reader:join()
print(table.concat(log, " "))          --> writer reader
