-- Of five ready cases, receives and sends, each is chosen a fifth of the time (chi-square, p = 1e-6).
local tri = require "trilune"
local N, chans, count = 100000, {}, { 0, 0, 0, 0, 0 }
for i = 1, 5 do chans[i] = tri.chan(1) end
for i = 1, 3 do chans[i]:send(0) end
for _ = 1, N do
  local i = tri.select {
    { chans[1] }, { chans[2] }, { chans[3] }, { chans[4], "send", 0 }, { chans[5], "send", 0 },
  }
  count[i] = count[i] + 1
  if i <= 3 then chans[i]:send(0) else chans[i]:recv() end
end
local chi = 0
for i = 1, 5 do chi = chi + (count[i] - N / 5)^2 / (N / 5) end
if chi > 33.38 then print(chi, table.unpack(count)) end
print("done")   --> done
--! both-channels
