-- The methods of a channel refuse another self, and the channel's own table cannot be changed.
local tri = require "trilune"
local sync = require "trilune.sync"
local ch = tri.chan()
for _, name in ipairs { "send", "recv", "trysend", "tryrecv", "close", "iter", "cap" } do
  for _, other in ipairs { 1, "x", {}, io.stdout, tri.self(), sync.mutex(), false } do
    local ok, m = pcall(ch[name], other, 1)
    if ok or not m:find("bad argument #1") then print(name, other, ok, m) end
  end
  if pcall(ch[name]) then print(name, "without self") end
end
print(pcall(function() return ch.nothing end))        --> true nil
print((pcall(function() ch.field = 1 end)))           --> false
--! both-channels
