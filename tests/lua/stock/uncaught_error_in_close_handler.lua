-- An error in a close handler at the end of the script is the script's error.
--! same-as-lua
--! exit 1
--! stderr from the handler
local t <close> = setmetatable({}, { __close = function() error("from the handler") end })
print("end")   --> end
