-- With --preempt strand no other G of the script runs until this one waits; a cancelled one ends.
--! options --preempt strand --slice 100us
local tri = require "trilune"
local ran = 0
local g = tri.go(function() ran = ran + 1 end)
local before = tri.stats().preemptions
local n = 0
while tri.stats().preemptions - before < 20 do n = n + 1 end
print(ran)                                     --> 0
tri.sleep(0.001)
print(ran, g:join())                           --> 1 true
local h = tri.go(function()
  tri.self():cancel("itself")
  while true do pcall(next) end
end)
print(h:join())                                --> false itself
print(tri.after(0.001):recv() > 0)             --> true
