-- Functions are copied with their upvalues; those that share an upvalue still
-- do; _ENV and the globals are the receiver's.
local copy = require "trilune.transfer".copy
local n = 0
local function add() n = n + 1 return n end
local function get() return n end
local c = copy {add, get}
c[1]() c[1]()
print(c[2](), n)                                      --> 2 0
local apart = {copy(add), copy(get)}
apart[1]()
print(apart[2]())                                     --> 0
-- Cycles: a function that is its own upvalue, a table that holds it.
local function fact(k) return k < 2 and 1 or k * fact(k - 1) end
print(copy(fact)(10))                                 --> 3628800
local object = {x = 5}
function object.get() return object.x, object end
local o = copy(object)
local x, self = o.get()
print(x, self == o, o ~= object)                      --> 5 true true
-- The first upvalue is not _ENV, nor is _ENV the first.
local function first(a) local b = n return a, b, print ~= nil end
print(copy(first)(7))                                 --> 7 0 true
local function own_env() local _ENV = {y = 3} return function() return y end end
print(copy(own_env())())                              --> 3
g_value = "global"
print(copy(function() return g_value end)())          --> global
print(copy(_G) == _G, copy {_G}[1] == _G)             --> true true
-- Without upvalues, without debug information, with varargs, of many upvalues.
print(copy(load(string.dump(function(...) return select("#", ...) end, true)))(1, nil))  --> 2
local source, uses = {}, {}
for i = 1, 200 do
  source[i], uses[i] = "local u" .. i .. " = " .. i, "u" .. i
end
-- 200 locals are the most that a function has.
local many = load(table.concat(source, "\n", 1, 190) .. "\nreturn function() return " ..
  table.concat(uses, " + ", 1, 190) .. " end")()
print(copy(many)())                                   --> 18145
-- A global function of the script is copied, not looked up by name.
function named() return "mine" end
local other = copy(named)
print(other ~= named, other())                        --> true mine
