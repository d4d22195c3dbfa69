-- os.exit(code, true) in a G closes the main script's pending variables, as it does from a coroutine.
--! exit 3
local tri = require "trilune"
local t <close> = setmetatable({}, { __close = function() print("main's closed") end })
tri.go(function()
  local u <close> = setmetatable({}, { __close = function() print("the G's closed: never") end })
  os.exit(3, true)
end)
table.sort({ 2, 1 }, function() tri.chan():recv() end)
--> main's closed
