-- A value is gone when its time is over; 0 or nothing means never; get_stale finds it until its memory is needed.
local tri, d = require "trilune", require "trilune.dict".open("d")
d:set("a", 1, 0.01) d:set("b", 2, 0) d:set("c", 3, math.huge) d:set("e", 5, 100)
print(d:get("a"), d:ttl("a") > 0 and d:ttl("a") <= 0.01, d:ttl("b"), d:ttl("c"))  --> 1 true 0.0 0.0
print(d:ttl("e") > 99 and d:ttl("e") <= 100, d:ttl("none"))                      --> true nil not found
tri.sleep(0.011)
print(d:get("a"))                         --> nil
print(d:ttl("a"))                         --> nil not found
print(d:expire("a", 1))                   --> nil not found
print(d:get_stale("a"))                   --> 1 nil true
print(d:get_stale("b"))                   --> 2 nil false
print(#d:keys())                          --> 3
print(d:expire("b", 0.001), d:expire("e", 0))   --> true true
tri.sleep(0.002)
print(d:get("b"), d:ttl("e"))             --> nil 0.0
print(d:flush_expired(), d:flush_expired())     --> 2 0
print(d:get_stale("a"), #d:keys())        --> nil 2
for i = 1, 10 do d:set("t" .. i, i, 0.001) end
tri.sleep(0.002)
print(d:flush_expired(4), d:flush_expired())    --> 4 6
d:rpush("list", 1)
d:expire("list", 0.001)
tri.sleep(0.002)
print(d:llen("list"), d:lpop("list"), d:rpush("list", 2))   --> 0 nil 1
