-- A G may be locked, and preempted, in trilune.atomic.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local turns, stop = 0, false
local g = tri.go(function()
  while not stop do turns = turns + 1 tri.yield() end
end)
tri.yield()
local ok = true
tri.atomic(function()
  tri.lockthread()
  local id, before = thread.id(), turns
  local deadline = tri.now() + 0.05
  while tri.now() < deadline do end
  ok = thread.id() == id and turns == before
end)
tri.unlockthread()
stop = true
g:join()
print(ok)   --> true
--! stderr-any
