-- A G that is cancelled before it ran never runs; join gives the reason.
local tri = require "trilune"
local g = tri.go(print, "never")
print(g:cancel(), g:status())     --> true dead
print(g:join())                   --> false cancelled
local h = tri.go(print, "never")
local joiner = tri.go(h.join, h)
h:cancel("why")
print(joiner:join())              --> true false why
print(g:cancel(), h:cancel())     --> false false
