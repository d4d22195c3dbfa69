-- close ends timed waits at once: they give what an untimed wait gives, not a timeout.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local r, s = tri.chan(), tri.chan()
local g = parked(tri.go(r.recv, r, 1000))
local h = parked(tri.go(function() return s:send(1, 1000) end))
r:close() s:close()
print(g:join())                                          --> true nil false
local ok, e = h:join()
print(ok, e:match("send on closed channel"))             --> false send on closed channel
--! both-channels
