-- A channel may stand in several cases; a value is taken once, each case gets its share.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch, count = tri.chan(1), { 0, 0, 0 }
for _ = 1, 3000 do
  ch:send("v")
  local i, v, ok = tri.select { { ch }, { ch }, { ch } }
  assert(v == "v" and ok and #ch == 0)
  count[i] = count[i] + 1
end
print(count[1] > 800, count[2] > 800, count[3] > 800)   --> true true true
local unbuffered = tri.chan()
local g = parked(tri.go(tri.select, { { unbuffered }, { unbuffered } }))
print(unbuffered:trysend("once"), unbuffered:trysend("twice"))   --> true false
local _, i, v = g:join()
print(i == 1 or i == 2, v)                              --> true once
--! both-channels
