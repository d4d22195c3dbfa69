-- As many Gs as the limit says may live at once, with the first one; more are refused, and may be caught.
local tri = require "trilune"
print(tri.spawn({ goroutines = 100 }, function()
  local tri = require "trilune"
  local gs, e = {}, nil
  repeat
    local ok, g = pcall(tri.go, tri.sleep, 1000)
    if ok then gs[#gs + 1] = g else e = g end
  until not ok
  for _, g in ipairs(gs) do g:cancel() g:join() end
  return #gs, e, tri.go(function() return "room again" end):join()
end):join())   --> true 99 too many goroutines (limit 100) true room again
-- Those of children count.
print(tri.spawn({ goroutines = 3 }, function()
  local tri = require "trilune"
  local gate = tri.channel()
  local function wait(gate) gate:recv() end
  local a, b = tri.spawn(wait, gate), tri.spawn(wait, gate)
  local ok, e = pcall(tri.spawn, wait, gate)
  gate:close()
  a:join() b:join()
  return ok, e, tri.spawn(function() return "room again" end):join()
end):join())   --> true false too many goroutines (limit 3) true room again
