-- os.exit in a G ends the program at once with that status; nothing else runs.
--! exit 7
local tri = require "trilune"
local t <close> = setmetatable({}, { __close = function() print("closed") end })
tri.go(function()
  local u <close> = setmetatable({}, { __close = function() print("closed") end })
  table.sort({ 2, 1 }, function()
    print("exiting")     --> exiting
    os.exit(7)
  end)
end)
tri.go(print, "never")
tri.chan():recv()
