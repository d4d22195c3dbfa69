-- group:cancel cancels every G of the group with the reason.
local tri = require "trilune"
local reasons = {}
pcall(tri.group, function(group)
  for i = 1, 3 do
    group:go(function()
      local _, e = pcall(tri.sleep, 1000)
      reasons[i] = e
    end)
  end
  tri.yield()
  group:cancel("enough")
end)
print(table.concat(reasons, " "))   --> enough enough enough
local again = {}
pcall(tri.group, function(group)
  group:go(function() again[1] = select(2, pcall(tri.sleep, 1000)) end)
  tri.yield()
  group:cancel()
end)
print(again[1])                     --> cancelled
