-- Ends of programs and goroutines race with channels and timeouts: each end is
-- given to every select exactly once, and nothing hangs.
local tri = require "trilune"
local seen, timeouts, values = 0, 0, 0
for round = 1, 60 do
  local ch, loc = tri.channel(), tri.chan()
  local p = tri.spawn(function(c, n) for i = 1, n do c:send(i) end return n end, ch, round % 3)
  local g = tri.go(function() for i = 1, round % 2 do loc:send(i) end end)
  local left = { p, g }
  while left[1] or left[2] do
    local i, a, b = tri.select{ { ch }, { left[1] }, { loc }, { left[2] }, timeout = 0.0005 }
    if i == "timeout" then
      timeouts = timeouts + 1
    elseif i == 2 or i == 4 then
      seen = seen + 1
      if not a or i == 2 and b ~= round % 3 then print("wrong end", i, a, b) end
      left[i // 2] = nil
    else
      values = values + 1
    end
  end
end
print(seen, values)   --> 120 90
