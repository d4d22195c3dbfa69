-- A cancelled G whose waits are all in shields ends, though none of its turns is long.
local tri = require "trilune"
local function sleep() tri.sleep(0.0001) end
local loops = {
  function() while true do tri.shield(sleep, 1) end end,
  function() while true do tri.shield(tri.yield, 1) end end,
  function() while true do pcall(tri.shield, sleep, 1) end end,
  function() while true do pcall(function() tri.shield(sleep, 1) end) end end,
  function() while true do pcall(function() tri.shield(function() tri.shield(sleep, 1) end, 1) end) end end,
}
for i, loop in ipairs(loops) do
  local rounds = tri.chan(1)
  local g = tri.go(function() rounds:send(true) loop() end)
  rounds:recv()
  tri.yield()
  g:cancel "stop"
  print(i, g:join())
end
--> 1 false stop
--> 2 false stop
--> 3 false stop
--> 4 false stop
--> 5 false stop
