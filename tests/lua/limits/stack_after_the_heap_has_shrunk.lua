-- What the heap has freed is there for the stack of a G that waits in a callback.
--! options --memory 2M
local tri = require "trilune"
local held, size = {}, 1 << 18
local function hold() held[#held + 1] = string.rep("x", size) end
while size > 16 do
  if not pcall(hold) then size = size // 2 end
end
held = nil
collectgarbage()
-- Nothing was idle since.
print(pcall(function() return tri.go(select, "#"):join() end)) --> true true 0
