-- A signal that nobody waits for is not kept; a signal goes past cancelled and timed-out waiters.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local sync = require "trilune.sync"
local m = sync.mutex()
local c = sync.cond(m)
c:signal() c:broadcast()
m:lock()
print(c:wait(0.001))      --> nil timeout
m:unlock()
local function waiter()
  local held <close> = m:lock()
  c:wait()
  return "woken"
end
local a, b = parked(tri.go(waiter)), parked(tri.go(waiter))
a:cancel()
c:signal()
print(b:join())           --> true woken
