-- os.exit(code, true) in a G also closes the state: finalizers run.
--! exit 8
local tri = require "trilune"
kept = setmetatable({}, { __gc = function() print("collected") end })
tri.go(function()
  pcall(os.exit, 8, true)
  print("not reached")
end)
tri.chan():recv()
--> collected
