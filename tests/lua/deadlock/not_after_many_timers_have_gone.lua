-- After many timers that came, were stopped or lost their race, a sleeping G still prevents a deadlock.
local tri = require "trilune"
local ch = tri.chan()
for i = 1, 300 do
  local g = tri.go(function() return ch:recv(0.00005 * (i % 4)) end)
  if i % 2 == 0 then tri.yield() end
  if i % 3 == 0 then tri.sleep(0.00005) end
  ch:send(i, 0.00005)
  g:cancel()
  g:join()
end
tri.go(function() tri.sleep(0.05) ch:send("from a sleeper") end)
print(ch:recv())   --> from a sleeper true
