-- A recursion 150000 calls deep is preempted on its way down and up.
--! options --slice 50us
package.path = "../lib/?.lua;" .. package.path
local preempted = require "preempted"
local function down(n)
  if n == 0 then return 0 end
  return 1 + down(n - 1)
end
print(preempted(function()
  local ok, message = pcall(function()
    local function for_ever() return 1 + for_ever() end
    return for_ever()
  end)
  return down(150000), ok, message:match("stack overflow")
end))                                          --> 150000 false stack overflow
