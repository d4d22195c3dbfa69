-- Fifty Gs load chunks through readers that wait, all at the same time, while garbage is collected.
local tri = require "trilune"
local gs = {}
for i = 1, 50 do
  gs[i] = tri.go(function()
    local parts = {}
    for k = 1, 40 do parts[k] = ("local v%d = {'s%d', [[%s]], %d.5}\n"):format(k, k + i, ("x"):rep(k), k) end
    parts[41] = "return v1[1], v40[2], v7[3]"
    local n = 0
    local f = assert(load(function()
      n = n + 1
      if n % 10 == i % 10 then collectgarbage("step") end
      tri.yield()
      return parts[n]
    end, "=chunk" .. i))
    local a, b, c = f()
    return a == "s" .. 1 + i and #b == 40 and c == 7.5
  end)
end
local right = 0
for i = 1, 50 do if select(2, gs[i]:join()) then right = right + 1 end end
print(right)   --> 50
