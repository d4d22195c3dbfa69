-- At the end of the program the waits of a close handler raise too, and the program ends.
local tri = require "trilune"
tri.go(function()
  local t <close> = setmetatable({}, { __close = function()
    print(pcall(tri.sleep, 1000))
    print(pcall(tri.chan().recv, tri.chan()))
  end })
  tri.chan():recv()
end)
tri.yield()
print("end of main")
--> end of main
--> false cancelled
--> false cancelled
