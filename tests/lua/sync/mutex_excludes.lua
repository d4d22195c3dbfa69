-- Only one G at a time is between lock and unlock.
local tri = require "trilune"
local sync = require "trilune.sync"
local m, inside, most, gs = sync.mutex(), 0, 0, {}
for i = 1, 20 do
  gs[i] = tri.go(function()
    for _ = 1, 20 do
      m:lock()
      inside = inside + 1
      most = math.max(most, inside)
      tri.yield()
      inside = inside - 1
      m:unlock()
    end
  end)
end
for _, g in ipairs(gs) do assert(g:join()) end
print(most, inside)   --> 1 0
