-- A cancelled G may still use what never waits; its next yield raises.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan(2)
local g = parked(tri.go(function()
  pcall(tri.sleep, 1000)
  return ch:trysend("kept"), ch:tryrecv(), ch:trysend("left"), pcall(tri.yield)
end))
g:cancel()
print(g:join())          --> true true true true false cancelled
print(ch:recv())         --> left true
