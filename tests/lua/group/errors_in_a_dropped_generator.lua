-- What the members of a dropped group failed of, before and after it was dropped, is reported; that they were cancelled
-- is not.
local tri = require "trilune"
do
  local co = coroutine.create(function()
    tri.group(function(group)
      group:go(function() pcall(tri.sleep, 1000) error("on the way out", 0) end)
      group:go(tri.sleep, 1000)
      coroutine.yield()
    end)
  end)
  coroutine.resume(co)
end
tri.yield()
collectgarbage()
tri.yield()
collectgarbage()
tri.sleep(0)
--! stderr ^trilune: error in goroutine \d+: on the way out\n(?!.*error in)(?s:.*)$
