-- Gs that sleep wake in the order of their deadlines, whatever the order in which they went to sleep.
--! options --procs 1 --preempt off
local tri = require "trilune"
local N <const> = 40
local seconds, began, place, woken, gs = {}, {}, {}, 0, {}
for i = 1, N do
  seconds[i] = (i * 17 % 41) * 0.008
  gs[i] = tri.go(function()
    began[i] = tri.now()
    tri.sleep(seconds[i])
    woken = woken + 1
    place[i] = woken
  end)
end
tri.yield()
began[N + 1] = tri.now()
for _, g in ipairs(gs) do g:join() end
-- Each went to sleep between its own reading of the clock and the next one's. On a slow machine that may take long, and
-- the deadlines are in another order than the times; but those that are surely in order wake in it.
local surely = 0
for i = 1, N do
  for k = 1, N do
    if began[i + 1] + seconds[i] < began[k] + seconds[k] then
      surely = surely + 1
      if place[i] > place[k] then print(i, k, place[i], place[k]) end
    end
  end
end
print(woken, surely > N)   --> 40 true
