-- A shield ends when its time is over: code that computes, or waits, is cancelled then.
--! options --procs 1 --slice 1ms
local tri = require "trilune"
for _, loop in ipairs {
  function() while true do end end,
  function() while true do pcall(next) end end,
  function() tri.sleep(1000) end,
  function() tri.chan():recv() end,
  function() while true do tri.sleep(0.001) end end,
} do
  local g = tri.go(function() tri.shield(loop, 0.05) end)
  tri.sleep(0.001)
  g:cancel("shield is over")
  print(g:status() ~= "dead", g:join())        --> true false shield is over
  --> true false shield is over
  --> true false shield is over
  --> true false shield is over
  --> true false shield is over
end
