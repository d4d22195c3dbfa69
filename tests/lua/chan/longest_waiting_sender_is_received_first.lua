-- A receiver takes the value of the sender that has waited longest; so do free places in a buffer.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
for _, capacity in ipairs { 0, 1, 3 } do
  local ch, gs = tri.chan(capacity), {}
  for i = 1, capacity do ch:send(i) end
  for i = capacity + 1, 50 do gs[i] = parked(tri.go(ch.send, ch, i)) end
  for i = 1, 50 do
    local v, ok = ch:recv()
    assert(v == i and ok == true)
    assert(#ch == math.min(capacity, 50 - i))
  end
  for i = capacity + 1, 50 do assert(select(2, gs[i]:join()) == true) end
end
print("in order")   --> in order
--! both-channels
