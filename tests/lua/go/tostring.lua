-- tostring(g) is "goroutine N".
local tri = require "trilune"
print(tri.self())                                         --> goroutine 1
local g = tri.go(function() return tostring(tri.self()) end)
local _, name = g:join()
print(name == "goroutine " .. g:id(), name == tostring(g)) --> true true
