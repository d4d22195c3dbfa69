-- The methods of a G refuse another self and bad timeouts.
local tri = require "trilune"
local g = tri.self()
for _, name in ipairs { "join", "cancel", "status", "id" } do
  for _, other in ipairs { 1, "x", {}, io.stdout, tri.chan(), coroutine.running(), false } do
    local ok, m = pcall(g[name], other)
    if ok or not m:find("bad argument #1") then print(name, other, ok, m) end
  end
  if pcall(g[name]) then print(name, "without self") end
end
local h = tri.go(tri.yield)
for _, t in ipairs { -1, 0 / 0, "soon", {}, true } do
  local ok, m = pcall(h.join, h, t)
  if ok or not m:find("bad argument #%d") then print(t, ok, m) end
end
print(h:join())                                        --> true
print((pcall(function() g.field = 1 end)))             --> false
