-- While a G sleeps it is no deadlock: it may wake the others.
local tri = require "trilune"
local ch = tri.chan()
tri.go(function()
  tri.sleep(0.05)
  ch:send("woken by a sleeper")
end)
print(ch:recv())   --> woken by a sleeper true
