-- Every wait works inside __pairs and the iterator it gives.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local t = setmetatable({}, { __pairs = function(t)
    wait()
    return function(_, k) return wait((k or 0) < 3 and (k or 0) + 1 or nil), "v" end, t, nil
  end })
  local log = {}
  for k, v in pairs(t) do log[#log + 1] = k .. v end
  return table.concat(log, " ")
end))
--> 1v 2v 3v
