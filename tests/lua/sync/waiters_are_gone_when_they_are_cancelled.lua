-- A cancelled waiter has lost its place at once, before it has run: tries and later waiters do not see it.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local sync = require "trilune.sync"
local parked = require "parked"
local rw, s, m = sync.rwmutex(), sync.semaphore(1), sync.mutex()
rw:rlock()
local writer = parked(tri.go(rw.lock, rw))
local big = parked(tri.go(s.acquire, s, 5))
m:lock()
local locker = parked(tri.go(m.lock, m))
writer:cancel() big:cancel() locker:cancel()
print(rw:tryrlock())       --> true
print(s:tryacquire())      --> true
m:unlock()
print(m:trylock())         --> true
print(writer:join())       --> false cancelled
print(big:join())          --> false cancelled
print(locker:join())       --> false cancelled
print(s:count())           --> 0
