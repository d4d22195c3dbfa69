-- Timeouts in generators that nobody closes: their times are over before, while
-- and after they are collected, and interrupt nobody who got their addresses.
local tri = require "trilune"
local bad = 0
local function note(ok) if not ok then bad = bad + 1 end end
local ballast = {}      -- so that a collection takes many steps
for i = 1, 20000 do ballast[i] = {} end
local function sleeper() note(pcall(tri.sleep, 0.0001)) coroutine.yield() end
collectgarbage()
for round = 1, 20 do
  for i = 1, 50 do
    local co = coroutine.create(function()
      tri.timeout(0.0002 * (i % 10), function() coroutine.yield() end)
    end)
    coroutine.resume(co)
  end
  -- Some of them stay suspended for good: what they wait for must not reach the
  -- coroutines that come to lie where the others were.
  local fs = {}
  for _ = 1, 40 do
    collectgarbage("step", 30)
    local g = tri.go(function()
      local f = coroutine.wrap(sleeper)
      fs[#fs + 1] = f
      f()
      note(pcall(tri.yield))
    end)
    note(g:join())
  end
end
note(pcall(tri.sleep, 0.002))
print(bad)            --> 0
