-- A G that swallows its cancellation for ever does not keep the program from ending.
local tri = require "trilune"
tri.go(function()
  while true do pcall(tri.sleep, 1000) end
end)
tri.yield()
print("end of main")   --> end of main
