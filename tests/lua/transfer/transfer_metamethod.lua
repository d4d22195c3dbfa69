-- __transfer(value) gives a function and arguments, with which the receiver
-- makes the value anew.
local copy = require "trilune.transfer".copy
local Point = {}
Point.__index = Point
local function new(x, y) return setmetatable({x = x, y = y}, Point) end
function Point:norm() return self.x * self.x + self.y * self.y end
local calls = 0
local function make(x, y)
  return setmetatable({x = x, y = y, made = true}, {__index = {norm = "made"}})
end
function Point.__transfer(p) calls = calls + 1 return make, p.x, p.y end
local p = new(3, 4)
local c = copy {p, p, [p] = p, more = {p}}
print(calls, c[1].x, c[1].y, c[1].made)              --> 1 3 4 true
print(c[1] == c[2], c[1] == c.more[1], c[c[1]] == c[1])  --> true true true
-- Arguments are complete when the function is called, deep ones too.
local deep = {}
for i = 1, 100 do deep = {deep, i} end
local function count(t) local n = 0 while t[1] do n = n + 1 t = t[1] end return n end
print(copy(setmetatable({}, {__transfer = function() return count, deep end})))  --> 100
-- Also if they were met before, wherever a message defers contents; and the
-- function has its upvalues.
local function wrap(value, n)
  for _ = 1, n do value = {value} end
  return value
end
for depth = 14, 18 do
  local shared = {x = 1}
  local holder = {s = {shared}}
  local function see(t, h) return t.x .. (h and h.s[1].x or "-") end
  local function object(...)
    local values = table.pack(...)
    return setmetatable({}, {__transfer = function()
      return table.unpack(values, 1, values.n)
    end})
  end
  local function upvalues() return shared.x end
  local function same() return shared end
  assert(copy({wrap(shared, depth), object(see, shared)})[2] == "1-")
  assert(copy({wrap(holder, depth - 2), object(see, shared, holder)})[2] == "11")
  assert(copy({wrap(upvalues, depth), object(upvalues)})[2] == 1)
  assert(copy({wrap(upvalues, depth), object(function() return same().x end)})[2] == 1)
  -- A constructor in what is deferred, which needs the rest of it.
  local last = {x = 2}
  local inner = {wrap({{object(see, last)}, last}, depth), object(see, shared), wrap(shared, depth)}
  local r = copy({wrap(shared, depth), inner, object(see, last)})
  assert(r[2][2] == "1-" and r[3] == "2-")
end
-- What is incomplete then contains the object: nothing else is, however deep it
-- stands, and nothing is taken for a part of the object that is none.
for depth = 14, 40 do
  local function object(...)
    local values = table.pack(...)
    return setmetatable({}, {__transfer = function()
      return table.unpack(values, 1, values.n)
    end})
  end
  local function unwrap(value)
    for _ = 1, depth do value = value[1] end
    return value
  end
  local shared = {1}
  local first = object(function(t) return t[1] end, shared)
  local holder = {first, "rest"}
  local second = object(function(t) return t[2] end, holder)
  local r = copy {shared, wrap({second}, depth), holder}
  assert(unwrap(r[2])[1] == "rest" and r[3][1] == 1)
  r = copy {shared, wrap(first, depth), first}
  assert(unwrap(r[2]) == 1 and r[3] == 1)
end
-- A long list whose every node has an object; objects with a common function,
-- which needs no other part of the list.
do
  local function seen(t, n) return t.x + n end
  local common = {x = 1}
  local list
  for i = 1, 5000 do
    list = {next = list, object = setmetatable({}, {__transfer = function() return seen, common, i end})}
  end
  local node, sum = copy(list), 0
  while node do sum, node = sum + node.object, node.next end
  assert(sum == 5000 + 5000 * 5001 // 2)
end
-- Nested, and in a cycle through a table.
local outer = setmetatable({}, {__transfer = function()
  return function(a, b) return {a.x + b.x} end, new(1, 1), new(2, 2)
end})
print(copy {{outer}}[1][1][1])                       --> 3
local ring = {}
ring.object = setmetatable({}, {__transfer = function()
  return function(t) return {ring = t} end, ring
end})
local r = copy(ring)
print(r.object.ring == r)                            --> true
-- With a function of a module, and with nil for a result.
print(copy(setmetatable({}, {__transfer = function() return string.rep, "ab", 2 end})))  --> abab
print(copy {setmetatable({}, {__transfer = function() return print end}), 2}[2])
--> 
--> 2
do
  local o = setmetatable({}, {__transfer = function() return print end})
  local t = copy {1, o, o, 4}
  print(t[1], t[2], t[3], t[4])
end
--> 
--> 1 nil nil 4
do
end
-- What goes wrong.
local function try(meta) print(select(2, pcall(copy, {z = setmetatable({}, meta)}))) end
try {__transfer = function() error("boom", 0) end}   --> boom (in __transfer at value.z)
try {__transfer = function() return 1 end}           --> cannot send what has a __transfer that gives no function (at value.z)
try {__transfer = function(t) return print, {t} end}  --> cannot send what its own __transfer returns (at value.z)
try {__transfer = function() return print, {coroutine.create(print)} end}  --> cannot send a thread (at value.z, in what its __transfer gave)
try {__transfer = function() return error, "there" end}  --> there
local NaN = setmetatable({}, {__transfer = function() return function() return 0/0 end end})
print(pcall(copy, {[NaN] = 1}))                      --> false a key has become NaN on its way
local Nil = setmetatable({}, {__transfer = function() return function() end end})
print(pcall(copy, {Nil, [Nil] = 1}))                 --> false a key has become nil on its way
local e = setmetatable({}, {})
local ok, object = pcall(copy, setmetatable({}, {__transfer = function() error(e) end}))
print(ok, object == e)                               --> false true
-- So many in each other that it would have no end.
local Endless = {}
function Endless.__transfer() return print, setmetatable({}, Endless) end
try(Endless)  --> cannot send values nested so deep by __transfer (at value.z, in what its __transfer gave)
