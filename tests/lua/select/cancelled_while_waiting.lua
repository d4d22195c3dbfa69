-- A cancelled select leaves no case behind on any of its channels.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local a, b = tri.chan(), tri.chan()
local g = parked(tri.go(tri.select, { { a }, { b, "send", "never" }, timeout = 1000 }))
g:cancel("stop")
print(g:join())                 --> false stop
print(a:trysend(1))             --> false
print(b:tryrecv())              --> false
--! both-channels
