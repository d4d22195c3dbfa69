-- The value of a send case is kept while only the waiting select refers to it.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.channel()
local gs = {}
for i = 1, 10 do
  gs[i] = parked(tri.go(function() tri.select { { ch, "send", ("x"):rep(100) .. i }, { tri.channel() } } end))
end
for _ = 1, 3 do collectgarbage() end
local junk = {}
for i = 1, 1000 do junk[i] = { 0 } end
local sum = 0
for i = 1, 10 do sum = sum + math.tointeger(ch:recv():sub(101)) end
print(sum)   --> 55
