-- Several Gs may iterate over one channel: each value goes to exactly one.
local tri = require "trilune"
local ch, seen, gs = tri.chan(), {}, {}
for i = 1, 8 do
  gs[i] = tri.go(function()
    local n = 0
    for v in ch:iter() do
      assert(not seen[v])
      seen[v] = true
      n = n + 1
      tri.yield()
    end
    return n
  end)
end
for i = 1, 1000 do ch:send(i) end
ch:close()
local total, least = 0, math.huge
for i = 1, 8 do
  local _, n = gs[i]:join()
  total, least = total + n, math.min(least, n)
end
print(#seen, total, least > 0)   --> 1000 1000 true
--! both-channels
