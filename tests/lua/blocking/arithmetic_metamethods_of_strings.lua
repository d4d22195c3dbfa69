-- Every wait works inside a metamethod that the string library's arithmetic falls back to.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local o = setmetatable({}, { __add = function(a) return wait(a) end, __mul = function(_, b) return wait(b) end })
  return "10" + o, o * "20", "3" + 4
end))
--> 10 20 7
