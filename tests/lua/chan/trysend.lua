-- trysend succeeds only if a receiver waits or the buffer has room.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch, buffered = tri.chan(), tri.chan(1)
print(ch:trysend("nobody"))                      --> false
print(buffered:trysend("a"), buffered:trysend("b"), #buffered)  --> true false 1
local g = parked(tri.go(ch.recv, ch))
print(ch:trysend("taken"), ch:trysend("again"))  --> true false
print(g:join())                                  --> true taken true
--! both-channels
