-- A lock taken in a coroutine is of the G, not of the coroutine.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local inner = coroutine.wrap(function()
  tri.lockthread()
  coroutine.yield(thread.id())
  tri.sleep(0.001)
  coroutine.yield(thread.id())
  tri.unlockthread()
end)
local id = inner()
for _ = 1, 3 do tri.go(function() end) end
tri.yield()
print(thread.id() == id)         --> true
print(inner() == id)             --> true
inner()
print(pcall(tri.unlockthread))   --> false the goroutine is not locked to its thread
tri.lockthread()
print(coroutine.wrap(function() return pcall(tri.unlockthread) end)())   --> true
print(pcall(tri.unlockthread))   --> false the goroutine is not locked to its thread
