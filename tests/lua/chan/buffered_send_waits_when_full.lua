-- A send on a buffered channel waits only when the buffer is full.
local tri = require "trilune"
local ch = tri.chan(2)
print(ch:send("a"), ch:send("b"), #ch, ch:cap())   --> true true 2 2
local g = tri.go(function() return ch:send("c") end)
tri.yield()
print(g:status(), #ch)                             --> waiting 2
print(ch:recv())                                   --> a true
print(g:join())                                    --> true true
print(#ch)                                         --> 2
print(ch:recv())                                   --> b true
print(ch:recv())                                   --> c true
print(#ch)                                         --> 0
--! both-channels
