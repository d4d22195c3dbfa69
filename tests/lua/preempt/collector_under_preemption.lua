-- The collector, incremental and generational, keeps everything right while Gs are preempted.
--! options --slice 50us
local tri = require "trilune"
local function build(n)
  if n == 0 then return { 1 } end
  return { build(n - 1), build(n - 1), coroutine.wrap(function(x) return x end) }
end
local function count(t)
  return #t == 1 and 1 or t[3](count(t[1]) + count(t[2]))
end
for _, mode in ipairs { "incremental", "generational" } do
  collectgarbage(mode)
  local gs = {}
  for i = 1, 4 do
    gs[i] = tri.go(function()
      local sum = 0
      for k = 1, 10 do
        sum = sum + count(build(8))
        if i == 1 then collectgarbage(k % 2 == 0 and "step" or "collect") end
      end
      return sum
    end)
  end
  for i = 1, 4 do print(select(2, gs[i]:join())) end
  --> 2560
  --> 2560
  --> 2560
  --> 2560
end
--> 2560
--> 2560
--> 2560
--> 2560
