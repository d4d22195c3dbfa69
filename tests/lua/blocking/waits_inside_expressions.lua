-- A wait inside an argument list or a constructor leaves the values around it as they were.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local t = { math.max(1, wait(7), 3), string.rep(wait("ab"), wait(2), ","), select(wait(2), "x", wait("y"), "z") }
  local k = { [wait("k")] = wait("v"), "list", wait("second") }
  return table.concat(t, " "), #(wait("left") .. wait("right")), k.k, k[2]
end))
--> 7 ab,ab y z 9 v second
