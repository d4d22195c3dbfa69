-- A receiver or sender that timed out takes and gives nothing; the next in line does.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan()
local g = tri.go(ch.recv, ch, 0.001)
local h = tri.go(ch.recv, ch)
print(g:join())             --> true nil nil timeout
parked(h)
ch:send("value")
print(h:join())             --> true value true
local s = tri.go(ch.send, ch, "late", 0.001)
local t = tri.go(ch.send, ch, "kept")
print(s:join())             --> true nil timeout
parked(t)
print(ch:recv())            --> kept true
print(ch:tryrecv())         --> false
--! both-channels
