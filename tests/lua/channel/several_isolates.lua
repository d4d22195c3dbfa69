-- RuntimeState share the work of one channel and answer on another; each value is received once.
local tri = require "trilune"
local work, answers = tri.channel(16), tri.channel(16)
local isolates = {}
for i = 1, 4 do
  isolates[i] = tri.spawn(function(from, to)
    local n = 0
    for v in from:iter() do to:send(v * v) n = n + 1 end
    return n
  end, work, answers)
end
local n = 5000
tri.go(function() for i = 1, n do work:send(i) end work:close() end)
local sum = 0
for _ = 1, n do sum = sum + answers:recv() end
print(sum == n * (n + 1) * (2 * n + 1) // 6)    --> true
local done = 0
for i = 1, 4 do done = done + select(2, isolates[i]:join()) end
print(done)                                     --> 5000
