-- A thousand programs, and bursts of them: each gives its result.
local tri = require "trilune"
local sum = 0
for round = 1, 10 do
  local gs = {}
  for i = 1, 100 do gs[i] = tri.spawn(function(i) return i end, i) end
  for i = 1, 100 do sum = sum + select(2, gs[i]:join()) end
end
print(sum)   --> 50500
