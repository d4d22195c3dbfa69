-- Every wait works inside an xpcall message handler, which still sees the stack of the error.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local function fails() local x = nil; return x.field end
  local ok, m = xpcall(fails, function(m)
    wait()
    return wait(debug.getinfo(2, "f").func == fails) and "seen"
  end)
  local ok2, m2 = xpcall(function() error(wait("after a wait"), 0) end, function(m) return wait(m) .. ", handled" end)
  return ok, m, ok2, m2
end))
--> false seen false after a wait, handled
