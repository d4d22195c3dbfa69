-- Every wait works inside __concat, on both sides.
-- (Debian 12's liblua 5.4.4 loses its stack top when a chain of concatenations
-- moves the stack inside __concat, waits or not. Hence two operands at a time,
-- and no collector step right after.)
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
collectgarbage("stop")
print(everywhere(function(wait)
  local function show(x) return type(x) == "table" and "o" or tostring(x) end
  local o = setmetatable({}, { __concat = function(a, b)
    return ("(%s+%s)"):format(wait(show(a)), show(b))
  end })
  local inner = o .. 1
  inner = "b" .. inner
  inner = o .. inner
  return o .. "b", "a" .. o, o .. o, inner
end))
--> (o+b) (a+o) (o+o) (o+b(o+1))
