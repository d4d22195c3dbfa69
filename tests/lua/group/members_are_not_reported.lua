-- Errors of a group's Gs are the group's business: none is reported as unjoined.
local tri = require "trilune"
pcall(tri.group, function(group)
  for i = 1, 3 do group:go(error, "member " .. i, 0) end
end)
for _ = 1, 3 do collectgarbage() tri.yield() end
print("quiet")   --> quiet
