-- Gs that sleep wake in the order of their deadlines, whatever the order in which they went to sleep.
local tri = require "trilune"
local order, gs, start = {}, {}, tri.now()
for i = 1, 40 do
  local k = i * 17 % 41
  gs[i] = tri.go(function()
    tri.sleep(math.max(0, start + 0.05 + k * 0.008 - tri.now()))
    order[#order + 1] = k
  end)
end
for _, g in ipairs(gs) do g:join() end
for i = 1, 40 do if order[i] ~= i then print(i, order[i]) end end
print(#order)   --> 40
