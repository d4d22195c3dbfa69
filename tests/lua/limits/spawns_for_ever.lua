-- A program that spawns for ever is told when there are as many Gs as it may have.
local tri = require "trilune"
print((select(2, tri.spawn({ goroutines = 20 }, function()
  local tri = require "trilune"
  local gs = {}
  while true do gs[#gs + 1] = tri.spawn(function() require("trilune").sleep(1000) end) end
end):join())))   --> spawns_for_ever.lua:6: too many goroutines (limit 20)
