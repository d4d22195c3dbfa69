-- A gsub callback is preempted, and the string is right.
--! options --slice 50us
package.path = "../lib/?.lua;" .. package.path
local preempted = require "preempted"
local text = ("abc 123 "):rep(500)
print(preempted(function()
  local n = 0
  local s, count = text:gsub("%w+", function(word)
    n = n + 1
    local sum = 0
    for i = 1, #word do sum = sum + word:byte(i) end
    return sum
  end)
  assert(n == 1000 and count == n)
  return s == ("294 150 "):rep(500), #s
end))                                          --> true 4000
