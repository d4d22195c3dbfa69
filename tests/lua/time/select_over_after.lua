-- after serves as a timeout that several selects share.
local tri = require "trilune"
local before = tri.now()
local ch, deadline = tri.chan(), tri.after(0.03)
tri.go(function()
  local i = 0
  while true do
    i = i + 1
    ch:send(i)
    tri.sleep(0.001)
  end
end)
local n = 0
while true do
  local k, v = tri.select { { ch }, { deadline } }
  if k == 2 then break end
  n = n + 1
  assert(v == n)
end
print(n > 0, tri.now() - before >= 0.03)   --> true true
