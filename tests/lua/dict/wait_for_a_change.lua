-- wait with a version waits for another one: also if the same value is written, or it was deleted meanwhile.
package.path = "../lib/?.lua;" .. package.path
local tri, d = require "trilune", require "trilune.dict".open("d")
local parked = require "parked"
d:set("k", 1)
local v, version = d:wait("k")
print(v, d:wait("k", 0, version))         --> 1 nil timeout
local g = parked(tri.go(function() return d:wait("k", 10, version) end))
d:delete("k")
print(g:status())                         --> waiting
d:set("k", 1)
local ok, again, newer = g:join()
print(ok, again, newer > version)         --> true 1 true
print((d:wait("k", 0, version)))          --> 1
-- A counter that another G writes is followed without a gap in time.
local last, seen = newer, 0
local writer = tri.go(function() for i = 2, 100 do d:set("k", i) tri.yield() end end)
repeat v, last = d:wait("k", 10, last) seen = seen + 1 until v == 100
print(seen <= 99)                         --> true
writer:join()
