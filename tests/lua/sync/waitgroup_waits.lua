-- wait returns when the counter has come down to zero, for every waiter.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local wg = require "trilune.sync".waitgroup()
local done = 0
print(wg:wait())                     --> true
for i = 1, 10 do
  wg:add()
  tri.go(function() tri.sleep(0.0005 * (i % 3)) done = done + 1 wg:done() end)
end
local waiters = {}
for i = 1, 5 do waiters[i] = tri.go(function() return wg:wait(), done end) end
print(wg:wait(), done)               --> true 10
for i = 1, 5 do print(waiters[i]:join()) end
--> true true 10
--> true true 10
--> true true 10
--> true true 10
--> true true 10
wg:add(3)
wg:add(-2)
print(wg:wait(0.002))                --> nil timeout
wg:done()
print(wg:wait(0))                    --> true
