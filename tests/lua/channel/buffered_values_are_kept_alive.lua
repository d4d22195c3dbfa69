-- What lies in a channel's buffer, or with a waiting sender, survives collections.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.channel(100)
for i = 1, 100 do ch:send(("x"):rep(100) .. i) end
local gs = {}
for i = 101, 120 do gs[#gs + 1] = parked(tri.go(function() ch:send(("x"):rep(100) .. i) end)) end
for _, mode in ipairs { "incremental", "generational" } do
  collectgarbage(mode)
  for _ = 1, 3 do collectgarbage() collectgarbage("step") end
  local junk = {}
  for i = 1, 10000 do junk[i] = { i } end
end
local sum = 0
for _ = 1, 120 do sum = sum + math.tointeger(ch:recv():sub(101)) end
print(sum)    --> 7260
