-- math.huge, a very large number and nil are timeouts that never end the wait.
local tri = require "trilune"
local ch = tri.chan()
for i, timeout in ipairs { math.huge, 1e300, 2^53, math.maxinteger, false } do
  local t = timeout or nil
  local g = tri.go(function() return ch:recv(t) end)
  local h = tri.go(function() return ch:send(i, t) end)
  local _, v, ok, m = g:join()
  local _, sent = h:join()
  print(v, ok, m, sent)
end
--> 1 true nil true
--> 2 true nil true
--> 3 true nil true
--> 4 true nil true
--> 5 true nil true
--! both-channels
