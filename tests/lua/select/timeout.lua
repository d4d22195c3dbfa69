-- With timeout, select gives "timeout" if nothing got ready in time, not earlier.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local ch = tri.chan()
local before = tri.now()
print(tri.select { { ch }, { ch, "send", 1 }, timeout = 0.02 })   --> timeout
print(tri.now() - before >= 0.02)                                 --> true
print(tri.select { timeout = 0.002 })                             --> timeout
print(tri.select { { ch }, timeout = 0 })                         --> timeout
print(ch:trysend("no trace of it"), ch:tryrecv())                 --> false false
local g = tri.go(function() return tri.select { { ch }, timeout = math.huge } end)
tri.yield()
ch:send("in time")
print(g:join())                                                   --> true 1 in time true
--! both-channels
