-- collectgarbage does nothing inside a finalizer.
--! same-as-lua
local seen = {}
setmetatable({}, { __gc = function()
  for _, option in ipairs { "collect", "step", "count", "stop", "isrunning", "incremental" } do
    seen[#seen + 1] = option .. "=" .. tostring(collectgarbage(option))
  end
end })
collectgarbage()
print(#seen, table.concat(seen, " "))
print(collectgarbage("incremental"))
