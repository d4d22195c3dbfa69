-- An error of an inner group that is caught leaves the outer group running.
local tri = require "trilune"
print(tri.group(function(outer)
  local g = outer:go(function() for _ = 1, 5 do tri.yield() end return "outer G ends well" end)
  local ok, e = pcall(tri.group, function(inner)
    inner:go(function() error("inner", 0) end)
    inner:go(tri.sleep, 1000)
  end)
  local _, r = g:join()
  return ok, e, r
end))
--> false inner outer G ends well
