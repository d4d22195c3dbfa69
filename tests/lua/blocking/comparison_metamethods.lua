-- Every wait works inside __eq, __lt and __le, also when sort compares by __lt.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local mt = {
    __eq = function(a, b) return wait(a.v == b.v) end,
    __lt = function(a, b) return wait(a.v < b.v) end,
    __le = function(a, b) return wait(a.v <= b.v) end,
  }
  local function new(v) return setmetatable({ v = v }, mt) end
  local a, b, t = new(1), new(2), { new(3), new(1), new(2) }
  table.sort(t)
  local n = 0
  if a < b then n = n + 1 end
  while a >= b do n = n + 100 end
  return a == b, a ~= b, a == new(1), a < b, a <= b, a > b, a >= b, n, t[1].v, t[2].v, t[3].v
end))
--> false true true true true false false 1 1 2 3
