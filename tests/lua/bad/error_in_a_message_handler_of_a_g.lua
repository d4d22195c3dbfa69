-- An error in an xpcall message handler in a G gives what stock gives.
local tri = require "trilune"
local function body()
  return xpcall(error, function(m)
    tri.yield()
    local x = nil
    return x.y
  end, "first")
end
local _, ok, m = tri.go(body):join()
print(ok, type(m))                        --> false string
print(tri.go(function() return xpcall(error, function(m) return m .. " handled" end, "first") end):join())
--> true false first handled
