-- A running tick or after is no deadlock.
local tri = require "trilune"
local tick = tri.tick(0.02)
print(select(2, tick:recv()), select(2, tick:recv()))   --> true true
tick:stop()
print(select(2, tri.after(0.02):recv()))                --> true
