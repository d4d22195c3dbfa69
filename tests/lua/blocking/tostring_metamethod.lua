-- Every wait works inside __tostring, called by tostring and string.format.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local o = setmetatable({}, { __tostring = function() return wait("object") end })
  return tostring(o), string.format("<%s|%10s|%.3s>", o, o, o)
end))
--> object <object| object|obj>
