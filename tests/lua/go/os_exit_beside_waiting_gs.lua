-- os.exit in the main script does not wait for the other Gs.
--! exit 4
local tri = require "trilune"
for i = 1, 50 do
  tri.go(function() table.sort({ 2, 1 }, function() tri.sleep(1000) end) end)
  tri.go(tri.sleep, 1000)
end
tri.yield()
print("exit")   --> exit
os.exit(4)
