-- A wait with a timeout is no deadlock.
local tri = require "trilune"
local sync = require "trilune.sync"
local m = sync.mutex()
m:lock()
print(tri.chan():recv(0.03))                             --> nil nil timeout
print(tri.select { { tri.chan() }, timeout = 0.03 })     --> timeout
print(m:lock(0.03))                                      --> nil timeout
print(tri.go(function() tri.chan():recv() end):join(0.03))  --> nil timeout
