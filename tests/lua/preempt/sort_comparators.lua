-- A comparator is preempted in the middle of a sort, and the sort is right.
--! options --slice 50us
package.path = "../lib/?.lua;" .. package.path
local preempted = require "preempted"
print(preempted(function()
  local t, x = {}, 1
  for i = 1, 3000 do
    x = (x * 48271) % 2147483647
    t[i] = x
  end
  table.sort(t, function(a, b)
    local ma, mb = a % 1000, b % 1000
    if ma ~= mb then return ma < mb end
    return a < b
  end)
  for i = 2, #t do
    assert(t[i - 1] % 1000 < t[i] % 1000 or t[i - 1] % 1000 == t[i] % 1000 and t[i - 1] <= t[i])
  end
  return #t
end))                                          --> 3000
