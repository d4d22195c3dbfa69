-- Every wait works inside __len, from the # operator, table.unpack, table.insert and sort.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local o = setmetatable({ 30, 10, 20, 99 }, { __len = function() return wait(3) end })
  local sum = 0
  for _, v in ipairs { table.unpack(o) } do sum = sum + v end
  table.sort(o)
  return #o, sum, o[1], o[3], o[4], table.concat(o, "+"), table.remove(o), (select("#", table.unpack(o)))
end))
--> 3 60 10 30 99 10+20+30 30 3
