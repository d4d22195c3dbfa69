-- close makes every waiting sender raise; the values in the buffer stay.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch, gs = tri.chan(1), {}
ch:send("kept")
for i = 1, 5 do gs[i] = parked(tri.go(function() ch:send("lost " .. i) end)) end
ch:close()
for i = 1, 5 do
  local ok, e = gs[i]:join()
  assert(ok == false and e:find("send on closed channel", 1, true), e)
end
print(ch:recv())      --> kept true
print(ch:recv())      --> nil false
--! both-channels
