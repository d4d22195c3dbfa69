-- 500 Gs wait inside sort comparators at the same time and are let go in reverse order.
local tri = require "trilune"
local N = 500
local gates, gs = {}, {}
for i = 1, N do
  gates[i] = tri.chan()
  gs[i] = tri.go(function()
    local t, first = { 3, 1, 2 }, true
    table.sort(t, function(a, b)
      if first then first = false; t.gate = gates[i]:recv() end
      return a < b
    end)
    return t.gate .. ":" .. table.concat(t)
  end)
end
tri.yield()
local waiting = 0
for i = 1, N do if gs[i]:status() == "waiting" then waiting = waiting + 1 end end
print(waiting)                       --> 500
collectgarbage()
for i = N, 1, -1 do gates[i]:send(i) end
local right = 0
for i = 1, N do
  local ok, s = gs[i]:join()
  if ok and s == i .. ":123" then right = right + 1 end
end
print(right)                         --> 500
