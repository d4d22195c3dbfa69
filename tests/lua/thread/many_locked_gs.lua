-- Many locked Gs of one script have a thread each, take turns and end.
--! timeout 120
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local owner, shared, moved = {}, 0, 0
tri.group(function(group)
  for i = 1, 30 do
    group:go(function()
      tri.lockthread()
      local id = thread.id()
      if owner[id] then shared = shared + 1 end
      owner[id] = i
      for k = 1, 20 do
        if (i + k) % 3 == 0 then tri.yield() end
        if (i + k) % 3 == 1 then tri.sleep(0.0001) end
        if (i + k) % 3 == 2 then for _ = 1, 1000 do end end
        if thread.id() ~= id then moved = moved + 1 end
      end
      owner[id] = nil
      tri.unlockthread()
    end)
  end
end)
print(shared, moved)   --> 0 0
