-- A million values through a buffered channel, from several senders to several receivers, add up.
--! timeout 120
local tri = require "trilune"
local N, ch, results = 1000000, tri.chan(128), tri.chan()
local senders = {}
for s = 1, 4 do
  senders[s] = tri.go(function() for i = s, N, 4 do ch:send(i) end end)
end
for _ = 1, 3 do
  tri.go(function()
    local sum = 0
    for v in ch:iter() do sum = sum + v end
    results:send(sum)
  end)
end
for _, s in ipairs(senders) do s:join() end
ch:close()
local total = 0
for _ = 1, 3 do total = total + results:recv() end
print(total == N * (N + 1) // 2)   --> true
--! both-channels
