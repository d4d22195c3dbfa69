-- Joining a failed member does not take its error away from the group.
local tri = require "trilune"
local seen
local ok, e = pcall(tri.group, function(group)
  local g = group:go(error, "member", 0)
  seen = select(2, pcall(g.join, g))
end)
print(ok, e)   --> false member
