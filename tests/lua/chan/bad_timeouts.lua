-- Timeouts that are negative, NaN or no number are refused, and nothing is sent.
local tri = require "trilune"
local ch = tri.chan(1)
for _, t in ipairs { -1, -0.001, -math.huge, 0 / 0, "soon", {}, true } do
  for name, f in pairs { send = function() return ch:send("v", t) end, recv = function() return ch:recv(t) end } do
    local ok, m = pcall(f)
    if ok or not m:find("bad argument #%d") then print(name, t, ok, m) end
  end
end
print(#ch)   --> 0
--! both-channels
