-- Of two ready cases each is chosen half of the time (chi-square, p = 1e-6).
local tri = require "trilune"
local N, a, b = 100000, tri.chan(1), tri.chan(1)
a:send(0) b:send(0)
local count = { 0, 0 }
for _ = 1, N do
  local i = tri.select { { a }, { b } }
  count[i] = count[i] + 1
  if i == 1 then a:send(0) else b:send(0) end
end
local chi = 0
for i = 1, 2 do chi = chi + (count[i] - N / 2)^2 / (N / 2) end
if chi > 23.93 then print(chi, count[1], count[2]) end
print(count[1] + count[2] == N)   --> true
--! both-channels
