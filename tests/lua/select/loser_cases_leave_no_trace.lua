-- After a waiting select ran one case, its other cases take and give nothing.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local chans = {}
for i = 1, 6 do chans[i] = tri.chan() end
local g = parked(tri.go(tri.select, {
  { chans[1] }, { chans[2] }, { chans[3] }, { chans[4], "send", 4 }, { chans[5], "send", 5 }, { chans[6] },
}))
chans[2]:send("winner")
for i, ch in ipairs(chans) do
  if ch:trysend("x") or ch:tryrecv() then print("case " .. i .. " is still there") end
end
print(g:join())   --> true 2 winner true
--! both-channels
