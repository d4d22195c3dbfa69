-- Also from one that a spawned isolate made, while the others compute and wait.
--! exit 3
local tri = require "trilune"
for i = 1, 5 do
  tri.spawn(function() while true do end end)
  tri.spawn(function() require("trilune").sleep(1000) end)
end
tri.spawn(function()
  require("trilune").spawn(function() table.sort({ 2, 1 }, function() os.exit(3) end) end):join()
end)
while true do end
