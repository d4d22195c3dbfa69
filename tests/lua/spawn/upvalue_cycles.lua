-- Functions that refer to themselves, to each other, and to tables that hold them.
local tri = require "trilune"
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
print(tri.spawn(fib, 15):join())                          --> true 610
local odd
local function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
print(tri.spawn(even, 101):join())                        --> true false
local object = { n = 3 }
function object.get() return object.n, object.get == object.self, object.own == object end
object.self, object.own = object.get, object
print(tri.spawn(object.get):join())                       --> true 3 true true
