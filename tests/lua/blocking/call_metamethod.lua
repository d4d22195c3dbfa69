-- Every wait works inside __call, also when C code calls the object.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local f = setmetatable({}, { __call = function(_, a, b) return wait(a), b end })
  local results = table.pack(f(1, nil))
  local n = 0
  for i in setmetatable({}, { __call = function(_, _, i) return wait((i or 0) < 3 and (i or 0) + 1 or nil) end }) do
    n = n + i
  end
  return results.n, results[1], select(2, pcall(f, "from pcall")), select(2, xpcall(f, print, "xpcall")), n
end))
--> 2 1 from pcall xpcall 6
