-- Tables, functions, modules and handles of shared objects come back as a new copy each time, however often.
local tri, dict = require "trilune", require "trilune.dict"
local d = dict.open("d")
local t = { 1, 2, { "three" }, name = "n", [true] = 1.0, long = ("x"):rep(10000) }
t.self = t
d:set("t", t, 100, 3)
t[1] = "changed"
local a, flags = d:get("t")
local b, version = d:getv("t")
print(a[1], a[3][1], a.name, a[true], #a.long, a.self == a, flags)   --> 1 three n 1.0 10000 true 3
print(a ~= b, b[2], math.type(version), d:wait("t")[2])              --> true 2 integer 2
local function make(n) return function() n = n + 1 return n end end
d:set("f", make(10))
local f, g = d:get("f"), d:get("f")
print(f(), f(), g())                            --> 11 12 11
d:set("m", { string, print, math.random })
print(d:get("m")[1] == string, d:get("m")[2] == print)   --> true true
local ch = tri.channel(3)
d:set("ch", { ch, ch, d })
local got = d:get("ch")
print(got[1] == ch, got[2] == ch, got[3] == d)  --> true true true
got[1]:send("through")
print(d:get("ch")[2]:recv())                    --> through true
d:rpush("l", { "a" }) d:rpush("l", { "b" }) d:lpush("l", print)
print(d:lpop("l") == print, d:rpop("l")[1], d:blpop("l")[1])   --> true b a
local waiter = tri.go(function() return d:blpop("l")[1] end)
tri.yield()
d:rpush("l", { "handed" })
print(waiter:join())                            --> true handed
for i = 1, 1000 do d:set("t", { i, { i } }) end
print(d:get("t")[2][1])                         --> 1000
print(pcall(d.set, d, "t", { x = { coroutine.create(print) } }))       --> false cannot send a thread (at value.x[1])
print(d:get("t")[1], d:cas("t", 1, 2))          --> 1000 false changed
d:set("small", {}) d:replace("small", 1)
for _, k in ipairs(d:keys()) do d:delete(k) end
print(d:stats().used)                           --> 0
ch:send(1)
print(ch:recv())                                --> 1 true
