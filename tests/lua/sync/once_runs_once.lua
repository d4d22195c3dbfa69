-- once runs the first call's function; the others wait for its end and get false.
local tri = require "trilune"
local once = require "trilune.sync".once()
local runs, gs = 0, {}
for i = 1, 10 do
  gs[i] = tri.go(function()
    local ran = once:call(function(n)
      tri.yield()
      runs = runs + n
    end, 5)
    return ran, runs
  end)
end
local by = 0
for i = 1, 10 do
  local _, ran, seen = gs[i]:join()
  if ran then by = by + 1 end
  assert(seen == 5)
end
print(by, runs, once:call(error))   --> 1 5 false
