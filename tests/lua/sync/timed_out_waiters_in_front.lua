-- Waiters behind one that times out go on as soon as it has gone.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local sync = require "trilune.sync"
local parked = require "parked"
local rw, s = sync.rwmutex(), sync.semaphore(2)
local function acquire(...)
  local permit, why = s:acquire(...)
  if permit then return true end
  return nil, why
end
rw:rlock()
local gs = {}
gs[1] = parked(tri.go(rw.lock, rw, 0.2))
gs[2] = parked(tri.go(function() return (rw:rlock() ~= nil) end))
gs[3] = parked(tri.go(function() return (rw:rlock() ~= nil) end))
gs[4] = parked(tri.go(acquire, 3, 0.2))
gs[5] = parked(tri.go(acquire, 2))
for i = 1, 5 do print(i, gs[i]:join()) end
--> 1 true nil timeout
--> 2 true true
--> 3 true true
--> 4 true nil timeout
--> 5 true true
