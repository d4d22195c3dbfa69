-- Lists: pushed and popped at both ends; gone when empty; neither a list for get nor a value for pop.
local d = require "trilune.dict".open("d")
print(d:llen("l"), d:lpop("l"), d:rpop("l"))          --> 0 nil nil
print(d:rpush("l", 2), d:rpush("l", "three"), d:lpush("l", 1.0), d:llen("l"))   --> 1 2 3 3
print(d:get("l"))                                     --> nil value is a list
print(d:lpop("l"), d:rpop("l"), d:llen("l"))          --> 1.0 three 1
print(d:lpop("l"), d:llen("l"), #d:keys())            --> 2 0 0
d:set("v", 1)
print(d:lpush("v", 1))                                --> nil value not a list
print(d:lpop("v"))                                    --> nil value not a list
print(d:llen("v"))                                    --> nil value not a list
d:rpush("b", true) d:rpush("b", false) d:rpush("b", ("x"):rep(100000))
print(d:lpop("b"), d:lpop("b"), #d:lpop("b"))         --> true false 100000
for i = 1, 1000 do d:rpush("q", i) end
local sum, in_order = 0, true
for i = 1, 1000 do
  local v = d:lpop("q")
  sum, in_order = sum + v, in_order and v == i
end
print(sum, in_order, d:stats().used > 0, d:stats().entries)   --> 500500 true true 1
