-- After tri.group has returned, none of its Gs runs any more.
local tri = require "trilune"
local running, late = 0, false
for round = 1, 20 do
  pcall(tri.group, function(group)
    for i = 1, 10 do
      group:go(function()
        running = running + 1
        local t <close> = setmetatable({}, { __close = function() running = running - 1 end })
        for _ = 1, i do tri.yield() end
        if i == round % 10 + 1 then error("E") end
      end)
    end
  end)
  late = late or running ~= 0
end
print(late)   --> false
