-- A waiting select receives from whichever channel is sent to first.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local chans = { tri.chan(), tri.chan(), tri.chan(2) }
for i = 1, 3 do
  local g = parked(tri.go(tri.select, { { chans[1] }, { chans[2] }, { chans[3] } }))
  print(chans[i]:trysend("value " .. i), g:join())
  print(chans[1]:trysend("nobody"), chans[2]:trysend("nobody"))
end
--> true true 1 value 1 true
--> false false
--> true true 2 value 2 true
--> false false
--> true true 3 value 3 true
--> false false
--! both-channels
