-- A cancelled waiter of a waitgroup leaves the others waiting.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local wg = require "trilune.sync".waitgroup()
wg:add()
local a, b = parked(tri.go(wg.wait, wg)), parked(tri.go(wg.wait, wg))
a:cancel()
print(a:join())       --> false cancelled
print(b:status())     --> waiting
wg:done()
print(b:join())       --> true true
