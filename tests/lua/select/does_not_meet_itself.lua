-- A send and a receive on one channel in one select never meet each other.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan()
print(tri.select { { ch }, { ch, "send", "own" }, default = true })   --> default
print(tri.select { { ch }, { ch, "send", "own" }, timeout = 0.005 })  --> timeout
local g = parked(tri.go(tri.select, { { ch }, { ch, "send", "own" } }))
ch:send("other's")
print(g:join())                                                       --> true 1 other's true
local h = parked(tri.go(tri.select, { { ch }, { ch, "send", "own" } }))
print(ch:recv())                                                      --> own true
print(h:join())                                                       --> true 2 nil true
print(ch:tryrecv())                                                   --> false
--! both-channels
