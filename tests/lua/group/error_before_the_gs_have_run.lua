-- Gs of a group that fails before they ran never run.
local tri = require "trilune"
print(pcall(tri.group, function(group)
  for _ = 1, 10 do group:go(print, "never") end
  error("at once", 0)
end))
--> false at once
