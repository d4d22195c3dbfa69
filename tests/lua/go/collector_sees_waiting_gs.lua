-- What only a waiting G refers to is kept, in its arguments, locals, upvalues and pending results.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local weak = setmetatable({}, { __mode = "v" })
local ch = tri.chan()
local gs = {}
for i = 1, 20 do
  local up = { "up" }
  weak[#weak + 1] = up
  gs[i] = parked(tri.go(function(argument)
    local l = { "local" }
    weak[#weak + 1], weak[#weak + 2] = argument, l
    if i % 2 == 0 then table.sort({ 2, 1 }, function() l.x = ch:recv() return false end) else l.x = ch:recv() end
    return argument[1], l[1], up[1], l.x
  end, { "argument" }))
end
for _ = 1, 3 do collectgarbage() end
for _ = 1, 30 do local junk = {} for j = 1, 100 do junk[j] = { j } end end
for i = 1, 20 do ch:send("sent") end
local n = 0
for i = 1, 20 do
  if table.concat({ select(2, gs[i]:join()) }, " ") == "argument local up sent" then n = n + 1 end
end
print(n)   --> 20
