-- The value of a send case is kept while only the waiting select refers to it.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan()
local gs = {}
for i = 1, 10 do
  gs[i] = parked(tri.go(function() tri.select { { ch, "send", { i } }, { tri.chan() } } end))
end
for _ = 1, 3 do collectgarbage() end
local junk = {}
for i = 1, 1000 do junk[i] = { 0 } end
local sum = 0
for i = 1, 10 do sum = sum + ch:recv()[1] end
print(sum)   --> 55
