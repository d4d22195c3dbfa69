-- Once a limit is used up, nothing is started, waited for or sent any more.
--! stderr-any
local tri = require "trilune"
local ch = tri.channel(10)
print((select(2, tri.spawn({ time = 0.05 }, function(ch)
  local tri = require "trilune"
  while pcall(tri.sleep, 1000) do end
  ch:send(pcall(tri.go, print) == false)
  pcall(function() while true do end end)
  while true do
    pcall(function() ch:send("again") end)
    pcall(tri.sleep, 1000)
    pcall(tri.spawn, print, "never")
  end
end, ch):join(50))))   --> time limit (0.05 s) exceeded
print(#ch < 10)        --> true
