-- A list of CPUs whose __index waits: the G comes back to its thread before it is pinned.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local cpus = thread.cpu_list()
tri.lockthread()
local id = thread.id()
local slow = setmetatable({}, {
  __len = function() return 1 end,
  __index = function() tri.sleep(0.001) return cpus[1] end,
})
print(tri.setaffinity(slow), thread.id() == id)   --> true true
print(thread.cpus() == tostring(cpus[1]))         --> true
tri.unlockthread()
print(#thread.cpu_list() == #cpus)                --> true
