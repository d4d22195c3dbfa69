-- reset stops a timer, as stop does, and lets it fire that much later: also one that has fired or been stopped.
local tri = require "trilune"
local t = tri.after(3600)
print(t:reset(0.001), type(t:recv()))        --> true number
print(t:reset(0), #t)                        --> false 1
print(t:reset(3600), #t, t:tryrecv())        --> true 0 false
print(t:stop(), t:reset(0.001))              --> true false
print(type(t:recv()), #t)                    --> number 0
-- Who waits already gets the value of the new time.
local g = tri.go(function() return type(t:recv()) end)
tri.yield()
print(t:reset(3600), t:reset(0.001))         --> false true
print(g:join())                              --> true number
-- No earlier than that.
local begin = tri.now()
t:reset(0.02)
print(t:recv() - begin >= 0.02)              --> true
-- Of a tick it sets the period, too.
local tick = tri.tick(3600)
print(tick:reset(0.001))                     --> true
tick:recv() tick:recv() tick:recv()
print(tick:stop(), tick:reset(0.001))        --> true false
tick:recv() tick:recv()
print(tick:reset(3600), #tick)               --> true 0
print(tick:stop())                           --> true
