-- os.exit(code, true) closes pending variables of the main script and runs finalizers, last made first.
--! same-as-lua
--! exit 3
local function gc(name) return setmetatable({}, { __gc = function() print("gc", name) end }) end
keep1, keep2 = gc(1), gc(2)
local t <close> = setmetatable({}, { __close = function(_, e) print("close", e) end })
local function f()
  local u <close> = setmetatable({}, { __close = function(_, e) print("inner close", e) end })
  os.exit(3, true)
end
f()
print("not reached")
--> inner close nil
--> close nil
--> gc 2
--> gc 1
