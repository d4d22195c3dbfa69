-- Finalizers run while Gs wait everywhere, and see the values these Gs hold.
local tri = require "trilune"
local held = {}
local gs = {}
for i = 1, 50 do
  gs[i] = tri.go(function()
    local object = setmetatable({}, { __gc = function() held[#held + 1] = i end })
    table.sort({ 2, 1 }, function() tri.yield() return false end)
    if i % 2 == 0 then object = nil end
    tri.yield()
    tri.yield()
    return object
  end)
end
for _ = 1, 8 do tri.yield() collectgarbage() end
local early = #held
for i = 1, 50 do assert(gs[i]:join()) end
gs = nil
collectgarbage() collectgarbage()
print(early >= 25, #held)   --> true 50
