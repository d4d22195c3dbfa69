-- Each join gives the results again, a copy of its own; several may wait at once.
local tri = require "trilune"
local gate = tri.channel()
local g = tri.spawn(function(gate) gate:recv() return { "x" } end, gate)
local joiners = {}
for i = 1, 5 do joiners[i] = tri.go(g.join, g) end
tri.yield()
gate:send(1)
local seen = {}
for i = 1, 5 do
  local ok, ended, t = joiners[i]:join()
  assert(ok and ended and t[1] == "x" and not seen[t])
  seen[t] = true
end
local _, a = g:join()
local _, b = g:join()
print(a[1], b[1], rawequal(a, b))   --> x x false
