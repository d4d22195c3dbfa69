-- An error that a sort comparator raises after a wait reaches the caller of sort.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local object = {}
  local ok, e = pcall(table.sort, { 3, 2, 1 }, function() wait(); error(object) end)
  local ok2, e2 = pcall(table.sort, { 3, 2, 1 }, function() error(wait("late"), 0) end)
  return ok, e == object, ok2, e2
end))
--> false true false late
