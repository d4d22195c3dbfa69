-- tri.yield lets every other runnable G go first.
local tri = require "trilune"
local log = {}
local gs = {}
for i = 1, 4 do
  gs[i] = tri.go(function()
    for round = 1, 3 do
      log[#log + 1] = i
      tri.yield()
    end
  end)
end
for _, g in ipairs(gs) do g:join() end
print(table.concat(log, " "))     --> 1 2 3 4 1 2 3 4 1 2 3 4
print(select("#", tri.yield()))   --> 0
