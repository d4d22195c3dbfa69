-- A hundred Gs that only compute all get on: each has as many turns as any other. How long a turn lasts
-- depends on what else the machine does.
--! options --slice 200us
local tri = require "trilune"
local turns, last, stop = {}, 0, false
for i = 1, 100 do
  turns[i] = 0
  tri.go(function()
    while not stop do
      if last ~= i then last, turns[i] = i, turns[i] + 1 end
    end
  end)
end
-- The fewest and the most since `before`.
local function spread(before)
  local least, most = math.huge, 0
  for i, n in ipairs(turns) do
    least, most = math.min(least, n - before[i]), math.max(most, n - before[i])
  end
  return least, most
end
local none = table.move(turns, 1, 100, 1, {})
repeat tri.sleep(0.01) until spread(none) > 0
local begun = table.move(turns, 1, 100, 1, {})
local least, most
repeat
  tri.sleep(0.01)
  least, most = spread(begun)
until least >= 4
stop = true
if most - least > 2 then print("turns:", least, most) end
print("all of them")                           --> all of them
