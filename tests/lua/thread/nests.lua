-- Each lockthread wants an unlockthread; one too many raises.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
print(pcall(tri.unlockthread))   --> false the goroutine is not locked to its thread
tri.lockthread()
tri.lockthread()
local id = thread.id()
tri.unlockthread()
tri.go(function() end)
tri.sleep(0.001)
print(thread.id() == id)         --> true
tri.unlockthread()
print(pcall(tri.unlockthread))   --> false the goroutine is not locked to its thread
print(select("#", tri.lockthread()), select("#", tri.unlockthread()))   --> 0 0
