-- Ten thousand Gs sleep at the same time; none wakes early, all wake.
local tri = require "trilune"
local early, gs = 0, {}
for i = 1, 10000 do
  gs[i] = tri.go(function()
    local s = i * 7919 % 1000 * 0.0001
    local before = tri.now()
    tri.sleep(s)
    if tri.now() - before < s then early = early + 1 end
  end)
end
for _, g in ipairs(gs) do assert(g:join()) end
print(early)   --> 0
