-- Twenty Gs that catch everything are cancelled at once, and all end.
local tri = require "trilune"
local gs = {}
for i = 1, 20 do
  gs[i] = tri.go(function()
    while true do pcall(function() for _ = 1, 1e5 do end end) end
  end)
end
tri.sleep(0.05)
for _, g in ipairs(gs) do g:cancel() end
local n = 0
for _, g in ipairs(gs) do
  local ok, e = g:join(30)
  if ok == false and e == "cancelled" then n = n + 1 end
end
print(n)                                       --> 20
