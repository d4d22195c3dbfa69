-- Many Gs that sleep 1 to 50 ms, again and again: how late each wake-up is.
local tri = require "trilune"
local sleep, now, random = tri.sleep, tri.now, math.random

local gs = tonumber(arg[1]) or 10000
local duration = tonumber(arg[2]) or 2

local late, count, early = {}, 0, 0
local stop_at = now() + duration
local list = {}
for i = 1, gs do
  list[i] = tri.go(function()
    while true do
      local seconds = 0.001 + random() * 0.049
      local before = now()
      if before > stop_at then return end
      sleep(seconds)
      local lateness = now() - before - seconds
      count = count + 1
      late[count] = lateness
      -- The clock's float has steps of its own.
      if lateness < -1e-9 then early = early + 1 end
    end
  end)
end
for i = 1, gs do assert(list[i]:join()) end

table.sort(late)
local function percentile(p) return late[math.max(1, count * p // 100)] * 1e3 end
print(("median_ms=%.4f p99_ms=%.4f max_ms=%.4f early=%d wakeups=%d"):format(
  percentile(50), percentile(99), late[count] * 1e3, early, count))
