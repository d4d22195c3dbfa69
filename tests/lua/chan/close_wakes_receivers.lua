-- close wakes every waiting receiver with nil and false.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch, gs = tri.chan(2), {}
for i = 1, 20 do gs[i] = parked(tri.go(ch.recv, ch, i % 2 == 0 and 1000 or nil)) end
ch:close()
local n = 0
for i = 1, 20 do
  local r = table.pack(gs[i]:join())
  if r.n == 3 and r[1] == true and r[2] == nil and r[3] == false then n = n + 1 end
end
print(n)   --> 20
--! both-channels
