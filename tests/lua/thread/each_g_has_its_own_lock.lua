-- A lock is of the G that took it: another one cannot undo it, and a new G does not have it.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
tri.lockthread()
local id = thread.id()
print(tri.go(function() return thread.id() == id end):join())   --> true false
print(table.unpack({tri.go(tri.unlockthread):join()}, 1, 2))   --> false the goroutine is not locked to its thread
tri.sleep(0.001)
print(thread.id() == id)                 --> true
tri.unlockthread()
