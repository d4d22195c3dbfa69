-- Strings that are built while preemption goes on are right.
--! options --slice 50us
package.path = "../lib/?.lua;" .. package.path
local preempted = require "preempted"
print(preempted(function()
  local s, parts = "", {}
  for i = 1, 1000 do
    s = s .. i .. ","
    parts[i] = ("%d:%s"):format(i, ("x"):rep(i % 7))
  end
  local joined = table.concat(parts, ";")
  local hash = 0
  for i = 1, #joined do hash = (hash * 31 + joined:byte(i)) % 1000000007 end
  return #s, s:sub(-5), #joined, hash
end))                                          --> 3893 1000, 7895 912784020
