-- Cancelling the caller of a group cancels all Gs of all groups below it, and all have ended after.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local alive = 0
local function member()
  alive = alive + 1
  local t <close> = setmetatable({}, { __close = function() alive = alive - 1 end })
  tri.sleep(1000)
end
local function nest(level)
  tri.group(function(group)
    for _ = 1, 3 do group:go(member) end
    if level > 1 then group:go(nest, level - 1) end
    member()
  end)
end
local g = tri.go(nest, 3)
while alive < 12 do tri.yield() end
parked(g)
g:cancel("all of you")
print(g:join())       --> false all of you
print(alive)          --> 0
