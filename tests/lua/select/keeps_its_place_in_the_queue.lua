-- A select waits in line: a receiver that came before it on a channel is served first.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch, other = tri.chan(), tri.chan()
local first = parked(tri.go(ch.recv, ch))
local second = parked(tri.go(tri.select, { { other }, { ch } }))
local third = parked(tri.go(ch.recv, ch))
for i = 1, 3 do ch:send(i) end
print(first:join())    --> true 1 true
print(second:join())   --> true 2 2 true
print(third:join())    --> true 3 true
--! both-channels
