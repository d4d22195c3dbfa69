-- stop takes the value of a timer that has fired away, and says whether it stopped the timer: whether a value would
-- have been received without it.
local tri = require "trilune"
-- Not fired yet; stopped already.
local t = tri.after(60)
print(t:stop(), t:stop())                    --> true false
-- Fired, and not received: as if it had not fired.
t = tri.after(0)
print(#t, t:stop(), #t, t:stop())            --> 1 true 0 false
print(t:tryrecv())                           --> false
t = tri.after(0.001)
while #t == 0 do tri.sleep(0.001) end
print(t:stop(), t:tryrecv())                 --> true false
print(tri.select { { t }, timeout = 0.002 }) --> timeout
-- Received.
t = tri.after(0)
print(type(t:recv()), t:stop())              --> number false
-- A tick runs until it is stopped; a tick that nobody took goes, too.
local tick = tri.tick(0.001)
while #tick == 0 do tri.sleep(0.001) end
print(tick:stop(), #tick, tick:stop())       --> true 0 false
tick = tri.tick(60)
print(tick:stop(), tick:stop())              --> true false
-- Closed.
t = tri.after(60)
t:close()
print(t:stop(), t:stop(), t:recv())          --> true false nil false
