-- os.exit inside nested coroutines ends the program at once.
--! same-as-lua
--! exit 5
local t <close> = setmetatable({}, { __close = function() print("closed") end })
coroutine.wrap(function()
  local u <close> = setmetatable({}, { __close = function() print("closed") end })
  coroutine.wrap(function()
    print("going")   --> going
    os.exit(5)
  end)()
end)()
