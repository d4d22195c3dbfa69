-- A value has flags, an integer that get gives with it if it is not 0.
local d = require "trilune.dict".open("d")
d:set("a", 1, 0, 42) d:set("b", 2) d:add("c", 3, nil, 0xffffffff)
print(d:get("a"))          --> 1 42
print(d:get("b"))          --> 2
print(d:get("c"))          --> 3 4294967295
print(d:get_stale("a"))    --> 1 42 false
d:set("a", 1)
print(d:get("a"))          --> 1
