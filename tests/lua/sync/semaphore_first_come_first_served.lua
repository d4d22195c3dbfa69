-- A large request at the head of the queue is not overtaken by small ones behind it.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local s = require "trilune.sync".semaphore(0)
local order = {}
local function take(n) s:acquire(n) order[#order + 1] = n end
local gs = {}
for i, n in ipairs { 3, 1, 2 } do gs[i] = parked(tri.go(take, n)) end
s:release(2)
for _ = 1, 3 do tri.yield() end
print(#order)                        --> 0
s:release(1)
gs[1]:join()
s:release(3)
gs[2]:join() gs[3]:join()
print(table.concat(order, " "), s:count())   --> 3 1 2 0
