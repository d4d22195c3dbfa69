-- Every wait works inside each bitwise metamethod.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local mt = {}
  for _, op in ipairs { "band", "bor", "bxor", "shl", "shr", "bnot" } do
    mt["__" .. op] = function() return wait(op) end
  end
  local o = setmetatable({}, mt)
  return o & 1, 1 | o, o ~ 1, 1 << o, o >> 1, ~o
end))
--> band bor bxor shl shr bnot
