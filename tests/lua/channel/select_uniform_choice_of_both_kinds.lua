-- Among ready channels of both kinds select chooses uniformly.
local tri = require "trilune"
local cases, count = {}, {}
for i = 1, 4 do
  local ch = (i % 2 == 0 and tri.chan or tri.channel)(1)
  ch:close()
  cases[i], count[i] = { ch }, 0
end
local n = 20000
for _ = 1, n do
  local i = tri.select(cases)
  count[i] = count[i] + 1
end
for i = 1, 4 do assert(math.abs(count[i] - n / 4) < n / 40, count[i]) end
print("uniform")   --> uniform
