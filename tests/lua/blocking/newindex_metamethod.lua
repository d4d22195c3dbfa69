-- Every wait works inside a __newindex function, from Lua code and from table.insert and move.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local log = {}
  local t = setmetatable({}, { __newindex = function(t, k, v)
    log[#log + 1] = k .. "=" .. wait(v)
    rawset(t, k, v)
  end })
  t.x = "a"
  table.insert(t, "b")
  table.move({ "c", "d" }, 1, 2, 2, t)
  return table.concat(log, ",")
end))
--> x=a,1=b,2=c,3=d
