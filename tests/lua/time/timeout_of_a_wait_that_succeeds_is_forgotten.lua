-- The timer of a wait that ended in time never ends a later wait of that G.
local tri = require "trilune"
local ch = tri.chan()
local g = tri.go(function()
  local log = {}
  for i = 1, 50 do
    local v, ok, m = ch:recv(0.01)
    log[#log + 1] = ok and v == i or m
    tri.sleep(0)
  end
  local before = tri.now()
  tri.sleep(0.05)
  return tri.now() - before >= 0.05, #log
end)
for i = 1, 50 do ch:send(i, 0.05) end
print(g:join())   --> true true 50
