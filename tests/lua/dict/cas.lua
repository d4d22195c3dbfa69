-- cas writes only over the value named: nil stands for none, 1 equals 1.0, a NaN never matches.
local d = require "trilune.dict".open("d")
print(d:cas("k", 1, 2))                 --> false not found
print(d:cas("k", nil, 1), d:get("k"))   --> true 1
print(d:cas("k", nil, 2))               --> false changed
print(d:cas("k", 2, 3))                 --> false changed
print(d:cas("k", 1.0, "text"))          --> true
print(d:cas("k", "texT", 1))            --> false changed
print(d:cas("k", "text", true))         --> true
print(d:cas("k", false, 1))             --> false changed
print(d:cas("k", true, nil), d:get("k"))--> true nil
d:set("nan", 0 / 0)
print(d:cas("nan", 0 / 0, 1))           --> false changed
d:set("max", math.maxinteger)
print(d:cas("max", 2^63, 1), d:cas("max", math.maxinteger, 1))   --> false true
print(d:cas("max", 2^53, 1))            --> false changed
d:rpush("l", 1)
print(d:cas("l", 1, 1))                 --> false value is a list
