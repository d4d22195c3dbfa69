-- 100,000 Gs wait at the same time, each is woken, and all results are right.
local tri = require "trilune"
local N = 100000
local ch, gs = tri.chan(), {}
for i = 1, N do gs[i] = tri.go(function() return i + ch:recv() end) end
tri.yield()
print(gs[1]:status(), gs[N]:status())   --> waiting waiting
for i = 1, N do ch:send(i) end
local sum = 0
for i = 1, N do
  local ok, v = gs[i]:join()
  assert(ok)
  sum = sum + v
end
print(sum == N * (N + 1))               --> true
