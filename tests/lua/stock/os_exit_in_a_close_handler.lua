-- os.exit in a to-be-closed handler that an error has called ends the program with its status.
--! same-as-lua
--! exit 9
pcall(function()
  local t <close> = setmetatable({}, { __close = function(_, e) print("closing", e) os.exit(9) end })
  error("reason", 0)
end)
print("not reached")
--> closing reason
