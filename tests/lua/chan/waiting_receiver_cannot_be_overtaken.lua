-- A value sent while a receiver waits belongs to that receiver, even before it has run.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan(1)
local g = parked(tri.go(ch.recv, ch))
ch:send("for the waiter")
print(#ch, ch:tryrecv())     --> 0 false
ch:send("for later")
print(ch:recv())             --> for later true
print(g:join())              --> true for the waiter true
--! both-channels
