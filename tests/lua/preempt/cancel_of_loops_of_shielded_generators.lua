-- A cancelled G that is nearly always in a shielded generator, and leaves it without a wait, ends.
--! options --preempt off
local tri = require "trilune"
local loops = {
  yields = function()
    local step = coroutine.wrap(function() tri.shield(function() while true do coroutine.yield() end end, math.huge) end)
    while true do pcall(step) end
  end,
  failures = function()
    local function fail() tri.shield(error, math.huge) end
    while true do coroutine.resume(coroutine.create(fail)) end
  end,
}
for _, name in ipairs { "yields", "failures" } do
  local g = tri.go(function()
    tri.self():cancel "stop"
    loops[name]()
  end)
  print(name, g:join())
end
--> yields false stop
--> failures false stop
