-- incr adds as Lua does, wraps around, and starts from a given value where there is none.
local tri, d = require "trilune", require "trilune.dict".open("d")
print(d:incr("n"))                    --> nil not found
print(d:incr("n", 1, 10))             --> 11
print(d:incr("n", 1, 10))             --> 12
print(d:incr("n", -2))                --> 10
print(d:incr("n", 0.5), d:get("n"))   --> 10.5 10.5
d:set("max", math.maxinteger)
print(d:incr("max") == math.mininteger)   --> true
d:set("s", "5")
print(d:incr("s"))                    --> nil not a number
d:rpush("l", 1)
print(d:incr("l", 1, 0))              --> nil not a number
print(d:incr("t", 1, 0, 0.001))       --> 1
tri.sleep(0.002)
print(d:get("t"), d:incr("t", 1, 5), d:ttl("t"))   --> nil 6 0.0
d:set("u", 1, 100)
print(d:incr("u"), d:ttl("u") > 99)   --> 2 true
