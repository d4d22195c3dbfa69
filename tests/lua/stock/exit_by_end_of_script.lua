-- At the end of the script its close handlers run, then the finalizers, last made first.
--! same-as-lua
for i = 1, 3 do
  _G["object" .. i] = setmetatable({}, { __gc = function() print("gc", i) end })
end
local t <close> = setmetatable({}, { __close = function() print("close") end })
local parked = coroutine.wrap(function()
  local u <close> = setmetatable({}, { __close = function() print("never closed") end })
  coroutine.yield()
end)
parked()
print("end")
return "results of the main chunk are ignored"
--> end
--> close
--> gc 3
--> gc 2
--> gc 1
