-- A list nested a million deep, and other deep things, through values, keys,
-- functions and metatables.
local copy = require "trilune.transfer".copy
local function depth(t, step)
  local n = 0
  while t do n = n + 1 t = step(t) end
  return n
end
local list
for _ = 1, 1000000 do list = {list} end
print(depth(copy(list), function(t) return t[1] end))        --> 1000000
list = nil
for i = 1, 10000 do list = {[list or i] = true} end
print(depth(copy(list), function(t)
  local k = next(t)
  return type(k) == "table" and k or nil
end))                                                        --> 10000
local f
for _ = 1, 10000 do
  local inner = f
  f = function() return inner end
end
print(depth(copy(f), function(g) return g() end))            --> 10000
local m
for _ = 1, 10000 do m = setmetatable({}, m) end
print(depth(copy(m, {metatables = true}), getmetatable))     --> 10000
