-- Every wait works inside pcall and xpcall, and their results and errors are unchanged.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local function ok(v) return wait(v), nil, "end" end
  local function bad(v) error(wait(v), 0) end
  local r = table.pack(pcall(ok, 1))
  local x = table.pack(xpcall(ok, print, 2))
  local e1 = select(2, pcall(bad, "e1"))
  local e2 = select(2, xpcall(bad, function(m) return m .. "!" end, "e2"))
  local deep = select(2, pcall(pcall, pcall, bad, "e3"))
  return r.n, r[2], r[4], x.n, x[2], x[4], e1, e2, deep, select(4, pcall(pcall, pcall, bad, "e3"))
end))
--> 4 1 end 4 2 end e1 e2! true e3
