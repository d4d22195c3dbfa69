-- Integers from one producer to one consumer over a buffer of 128.
local tri = require "trilune"

local n = tonumber(arg[1]) or 5000000
local ch = tri.chan(128)

local start = tri.now()
tri.go(function()
  for i = 1, n do ch:send(i) end
  ch:close()
end)
local consumer = tri.go(function()
  local sum = 0
  while true do
    local v, ok = ch:recv()
    if not ok then return sum end
    sum = sum + v
  end
end)
local _, sum = assert(consumer:join())
local seconds = tri.now() - start
assert(sum == n * (n + 1) // 2)
print(("ns_per_op=%.2f"):format(seconds / n * 1e9))
