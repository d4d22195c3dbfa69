-- Closing a channel wakes a waiting select: a receive gives nil and false, a send raises.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local a, b = tri.chan(), tri.chan()
local g = parked(tri.go(tri.select, { { a }, { b } }))
b:close()
print(g:join())                                   --> true 2 nil false
local c = tri.chan()
local h = parked(tri.go(tri.select, { { a }, { c, "send", 1 } }))
c:close()
local ok, e = h:join()
print(ok, e:match("send on closed channel"))      --> false send on closed channel
print(a:trysend("nobody waits"))                  --> false
--! both-channels
