-- Ticks that nobody took are not repeated: after a pause there is one, not many.
local tri = require "trilune"
local tick = tri.tick(0.5)
tri.sleep(1.7)
local first, t1 = tick:tryrecv()
local second = tick:tryrecv()
print(first, second)     --> true false
print(tick:recv() > t1)  --> true
tick:stop()
