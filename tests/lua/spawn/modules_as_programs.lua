-- A module's name: the function it returns, or its table's main, is the program; one that returns nothing has run.
local tri = require "trilune"
print(tri.spawn("lib.returns_function", 1, nil, 3):join())   --> true function 1 nil 3
print(tri.spawn("lib.returns_main", "x"):join())             --> true main x
print(tri.spawn("lib.returns_nothing", "x"):join())          --> true
print(ran, package.loaded["lib.returns_nothing"])            --> nil nil
print(tri.spawn("lib.requires_others", 21):join())           --> true lib.helper 42 true
