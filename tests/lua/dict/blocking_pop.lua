-- blpop and brpop wait for an element; who waits longest gets it, and only one does.
package.path = "../lib/?.lua;" .. package.path
local tri, d = require "trilune", require "trilune.dict".open("d")
local parked = require "parked"
d:rpush("l", 1) d:rpush("l", 2) d:rpush("l", 3)
print(d:blpop("l"), d:brpop("l"), d:blpop("l", 0))    --> 1 3 2
print(d:blpop("l", 0))                                --> nil timeout
print(d:brpop("l", 0.001))                            --> nil timeout
local gs = {}
for i = 1, 3 do gs[i] = parked(tri.go(function() return d:blpop("l", 10) end)) end
print(d:rpush("l", "a"), d:lpush("l", "b"), d:llen("l"))   --> 1 1 0
print(gs[1]:join())                                   --> true a
print(gs[2]:join())                                   --> true b
print(gs[3]:status())                                 --> waiting
d:set("l", "no list")
print(gs[3]:status(), d:rpush("l", 1))                --> waiting nil value not a list
print(d:blpop("l"))                                   --> nil value not a list
d:delete("l")
d:rpush("l", ("x"):rep(5000))
print(#select(2, gs[3]:join()))                       --> 5000
print(d:stats().used)                                 --> 0
