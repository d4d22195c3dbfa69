-- An error in the main script ends the program with 1, after the close handlers of the other Gs.
--! exit 1
--! stderr main failed
local tri = require "trilune"
tri.go(function()
  local t <close> = setmetatable({}, { __close = function() print("closed") end })  --> closed
  tri.chan():recv()
end)
tri.yield()
error("main failed")
