-- spawn from a spawn from a spawn.
local tri = require "trilune"
local function rec(n)
  if n == 0 then return "bottom", tri == require "trilune" end
  local ok, a, b = tri.spawn(rec, n - 1):join()
  assert(ok, a)
  return a .. n, b
end
print(tri.spawn(rec, 5):join())   --> true bottom12345 true
-- A child outlives its parent.
local ch = tri.channel()
tri.spawn(function(ch)
  require("trilune").spawn(function(ch) ch:send("from the grandchild") end, ch)
end, ch):join()
print(ch:recv())                  --> from the grandchild true
