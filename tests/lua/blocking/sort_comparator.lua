-- Every wait works inside a table.sort comparator.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local t = { 5, 2, 4, 1, 3 }
  table.sort(t, function(a, b) return wait(a) < wait(b) end)
  return table.concat(t, " ")
end))
--> 1 2 3 4 5
