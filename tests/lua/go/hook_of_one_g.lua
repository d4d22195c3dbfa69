-- A debug hook set in a G sees that G's lines only, also while others run.
local tri = require "trilune"
local lines, all = {}, true
local g = tri.go(function()
  debug.sethook(function(_, line) lines[#lines + 1] = line end, "l")
  local a = 1
  tri.yield()
  local b = 2
  debug.sethook()
end)
local h = tri.go(function()
  for i = 1, 10 do
    tri.yield()
    if debug.gethook() then all = false end
  end
end)
g:join() h:join()
print(table.concat(lines, " "), all, debug.gethook())   --> 6 7 8 9 true nil
