-- A closed channel is a ready case like others: it neither blocks them nor is preferred.
local tri = require "trilune"
local closed, ch, count = tri.chan(), tri.chan(1), { 0, 0 }
closed:close()
for _ = 1, 2000 do
  if #ch == 0 then ch:send("v") end
  local i = tri.select { { closed }, { ch } }
  count[i] = count[i] + 1
end
print(count[1] > 700, count[2] > 700)                              --> true true
print(tri.select { { closed }, default = true })                   --> 1 nil false
print(tri.select { { closed }, timeout = 0 })                      --> 1 nil false
--! both-channels
