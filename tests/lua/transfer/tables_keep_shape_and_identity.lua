-- Cycles, shared parts and keys that are tables are kept within a message.
local copy = require "trilune.transfer".copy
local t = copy {id = 1, name = "x", tags = {1, 2, 3}}
print(t.id, t.name, #t.tags, t.tags[3])              --> 1 x 3 3
local cycle = {}
cycle.self, cycle[1] = cycle, {cycle}
local c = copy(cycle)
print(c ~= cycle, c.self == c, c[1][1] == c)         --> true true true
local shared = {}
local s = copy {shared, {shared}, {}}
print(s[1] == s[2][1], s[1] == s[3])                 --> true false
local key = {}
local k = copy {[key] = key, [1.5] = "f", [true] = "b"}
local found = next(k) and nil
for x, y in pairs(k) do if type(x) == "table" then found = x == y end end
print(found, k[1.5], k[true])                        --> true f b
-- Holes: the border is the same.
local holes = copy {1, nil, 3, nil, 5}
print(#holes, holes[3], holes[4])                    --> 5 3 nil
-- Raw access only.
local quiet = setmetatable({1}, {
  __index = error, __pairs = error, __len = error, __newindex = error})
print(#copy(quiet), getmetatable(copy(quiet)))       --> 1 nil
-- Weak tables and protected metatables are no different.
print(copy(setmetatable({"x"}, {__mode = "kv", __metatable = "no"}))[1])  --> x
