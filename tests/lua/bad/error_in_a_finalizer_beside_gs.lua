-- An error in a finalizer that runs beside Gs is a warning and disturbs no G.
--! stderr ^Lua warning: error in __gc
local tri = require "trilune"
warn("@on")
local gs = {}
for i = 1, 10 do
  gs[i] = tri.go(function()
    setmetatable({}, { __gc = function() if i == 5 then error("finalizer of " .. i) end end })
    tri.yield()
    return i
  end)
end
tri.yield()
collectgarbage()
local sum = 0
for _, g in ipairs(gs) do sum = sum + select(2, g:join()) end
print(sum)   --> 55
