-- A sender hands its value to the receiver that has waited longest.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch, gs = tri.chan(), {}
for i = 1, 50 do gs[i] = parked(tri.go(ch.recv, ch)) end
for i = 1, 50 do ch:send(i) end
for i = 1, 50 do assert(select(2, gs[i]:join()) == i) end
print("in order")   --> in order
--! both-channels
