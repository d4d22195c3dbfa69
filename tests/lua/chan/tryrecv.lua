-- tryrecv gives false if there is nothing, and takes from buffers and waiting senders.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch, buffered = tri.chan(), tri.chan(1)
print(select("#", ch:tryrecv()), ch:tryrecv())   --> 1 false
local g = parked(tri.go(ch.send, ch, "waiting"))
print(ch:tryrecv())                              --> true waiting true
print(g:join())                                  --> true true
buffered:send("first")
local h = parked(tri.go(buffered.send, buffered, "second"))
print(buffered:tryrecv())                        --> true first true
print(buffered:tryrecv())                        --> true second true
print(buffered:tryrecv())                        --> false
print(h:join())                                  --> true true
--! both-channels
