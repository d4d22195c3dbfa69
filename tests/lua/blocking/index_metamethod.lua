-- Every wait works inside an __index function, from Lua code and from ipairs.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local t = setmetatable({}, { __index = function(_, k)
    if k == "name" then return wait("field") end
    return wait(k <= 3 and k * 10 or nil)
  end })
  local sum = 0
  for _, v in ipairs(t) do sum = sum + v end
  return t.name, t[2], sum
end))
--> field 20 60
