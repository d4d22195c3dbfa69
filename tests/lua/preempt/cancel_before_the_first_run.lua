-- A G that is cancelled before it ran never runs; one that cancels itself may still compute.
--! options --procs 1 --slice 1ms
local tri = require "trilune"
local ran = false
local g = tri.go(function() ran = true while true do end end)
g:cancel("early")
print(g:join())                                --> false early
print(ran)                                     --> false
local steps = 0
local h = tri.go(function()
  tri.self():cancel("by itself")
  for i = 1, 100 do steps = i end
  while true do end
end)
print(h:join())                                --> false by itself
print(steps)                                   --> 100
