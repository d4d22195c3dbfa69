-- Once a limit is used up, each wait raises the reason, and nothing is started any more.
--! stderr-any
local tri = require "trilune"
local ch = tri.channel(100)
print((select(2, tri.spawn({ time = 0.05 }, function(ch)
  local tri = require "trilune"
  pcall(tri.sleep, 1000)
  ch:send((select(2, pcall(tri.sleep, 1000))))
  ch:send((select(2, pcall(tri.go, print, "never"))))
  ch:send((select(2, pcall(tri.spawn, print, "never"))))
  ch:send((select(2, pcall(tri.group, function(group) group:go(print, "never") end))))
  ch:send((select(2, pcall(tri.shield, function() tri.sleep(1000) end, 1000))))
  while true do pcall(tri.spawn, print, "never") end
end, ch):join(50))))   --> time limit (0.05 s) exceeded
for i = 1, 5 do print((ch:recv())) end
--> time limit (0.05 s) exceeded
--> time limit (0.05 s) exceeded
--> time limit (0.05 s) exceeded
--> time limit (0.05 s) exceeded
--> time limit (0.05 s) exceeded
