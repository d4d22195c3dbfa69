-- Gs of a script share upvalues, globals and tables.
local tri = require "trilune"
local n, t = 0, {}
shared_global = 0
local gs = {}
for i = 1, 10 do
  gs[i] = tri.go(function()
    for _ = 1, 100 do
      n = n + 1
      shared_global = shared_global + 1
    end
    t[i] = t
    tri.yield()
  end)
end
for _, g in ipairs(gs) do g:join() end
print(n, shared_global, #t, t[1] == t)   --> 1000 1000 10 true
