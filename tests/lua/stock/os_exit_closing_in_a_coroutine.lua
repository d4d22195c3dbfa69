-- os.exit(true, true) inside a coroutine closes the main script's variables, as stock does.
--! same-as-lua
collected = setmetatable({}, { __gc = function() print("gc") end })
local t <close> = setmetatable({}, { __close = function() print("main's closed") end })
coroutine.wrap(function()
  local u <close> = setmetatable({}, { __close = function() print("coroutine's closed") end })
  table.sort({ 1, 2 }, function() os.exit(true, true) end)
end)()
