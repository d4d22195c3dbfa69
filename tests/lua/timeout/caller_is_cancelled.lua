--! options --preempt off
-- Cancelling the goroutine that calls timeout ends the function, and raises the
-- reason, whatever time is left.
local tri = require "trilune"
local ch = tri.chan()
local g = tri.go(function() return tri.timeout(1000, ch.recv, ch) end)
tri.yield()
g:cancel("enough")
print(g:join())                                     --> false enough
-- Also if the time was over before the function has ended.
local started = tri.chan()
g = tri.go(function()
  return tri.timeout(0.001, function()
    pcall(ch.recv, ch)
    started:trysend(1)
    tri.self():cancel("both")
    ch:recv()
  end)
end)
print(g:join())                                     --> false both
-- Many at a time, whose times are over in any order.
local gs, over = {}, 0
for i = 1, 300 do
  gs[i] = tri.go(function() return tri.timeout(0.0001 * (i % 7), ch.recv, ch) end)
end
for i = 1, 300 do
  local ok, v, why = gs[i]:join()
  if ok and v == nil and why == "timeout" then over = over + 1 end
end
print(over)                                         --> 300
