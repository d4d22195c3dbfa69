-- now gives floats that never go back, in whatever G.
local tri = require "trilune"
local last, gs = tri.now(), {}
print(math.type(last))    --> float
for i = 1, 10 do
  gs[i] = tri.go(function()
    for _ = 1, 200 do
      local t = tri.now()
      assert(t >= last)
      last = t
      tri.yield()
    end
  end)
end
for _, g in ipairs(gs) do assert(g:join()) end
