-- When the request at the head is cancelled or times out, those behind it that fit go on.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local s = require "trilune.sync".semaphore(1)
local function acquire(...)
  local permit, why = s:acquire(...)
  if permit then return true end
  return nil, why
end
local big = parked(tri.go(acquire, 5))
local small = parked(tri.go(acquire, 1))
big:cancel()
print(small:join())       --> true true
print(big:join())         --> false cancelled
s:release()
local timed = parked(tri.go(acquire, 5, 0.1))
local another = parked(tri.go(acquire, 1))
print(another:join())     --> true true
print(timed:join())       --> true nil timeout
print(s:count())          --> 0
