-- add writes only where nothing is, replace only where something is; an expired value is nothing.
local tri, d = require "trilune", require "trilune.dict".open("d")
print(d:replace("k", 1))            --> false not found
print(d:add("k", 1))                --> true
print(d:add("k", 2), d:get("k"))    --> false 1
print(d:add("k", 2))                --> false exists
print(d:replace("k", 3), d:get("k"))--> true 3
print(d:set("k", 4, 0.001))         --> true
tri.sleep(0.002)
print(d:replace("k", 5))            --> false not found
print(d:add("k", 6), d:get("k"))    --> true 6
d:rpush("list", 1)
print(d:add("list", 1))             --> false exists
print(d:replace("list", 7), d:get("list"))   --> true 7
