-- A send on an unbuffered channel waits until a receiver has come.
local tri = require "trilune"
local ch = tri.chan()
local sent
local g = tri.go(function() sent = ch:send("value") end)
tri.yield()
print(g:status(), sent)     --> waiting nil
print(ch:recv())            --> value true
g:join()
print(sent)                 --> true
--! both-channels
