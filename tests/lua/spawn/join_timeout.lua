-- join waits at most so long; a timeout leaves the program alone, and the error unseen.
local tri = require "trilune"
local gate = tri.channel()
local g = tri.spawn(function(gate) return (gate:recv()) end, gate)
print(g:join(0))          --> nil timeout
print(g:join(0.001))      --> nil timeout
for i = 1, 100 do g:join(1e-6) end
gate:send("late")
print(g:join(1e9))        --> true late
print(g:join(0))          --> true late
