-- set with nil, and delete, remove a key; also when there is none.
local d = require "trilune.dict".open("d")
d:set("a", 1) d:set("b", 2) d:rpush("c", 3)
print(d:set("a", nil), d:delete("b"), d:delete("c"), d:delete("none"))  --> true true true true
print(d:get("a"), d:get("b"), d:get("c"), #d:keys())                     --> nil nil nil 0
print(d:stats().used)                                                    --> 0
