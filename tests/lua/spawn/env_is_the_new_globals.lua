-- _ENV of a function is the new isolate's globals; another table as _ENV is copied.
local tri = require "trilune"
mine = "ours"
print(tri.spawn(function() mine2 = 1 return mine, mine2, _ENV == _G, print == _G.print end):join())   --> true nil 1 true true
print(mine2)                                                                                          --> nil
local f = load("x = (x or 0) + 1 return x", "=chunk", "t", { x = 5 })
print(tri.spawn(f):join())   --> true 6
print(f())                   --> 6
