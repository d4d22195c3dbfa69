-- os.exit(true) exits with 0, and neither closes variables nor runs finalizers.
--! same-as-lua
local t <close> = setmetatable({}, { __close = function() print("closed") end })
local g = setmetatable({}, { __gc = function() print("collected") end })
io.write("before")   --> before
os.exit(true)
