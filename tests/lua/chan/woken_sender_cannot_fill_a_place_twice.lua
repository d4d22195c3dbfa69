-- A place freed in a full buffer goes to the waiting sender, not to a new one.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan(1)
ch:send(1)
local g = parked(tri.go(ch.send, ch, 2))
print(ch:recv())               --> 1 true
print(ch:trysend(3), #ch)      --> false 1
print(ch:recv())               --> 2 true
print(g:join())                --> true true
--! both-channels
