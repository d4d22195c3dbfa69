-- Choices do not depend on the ones before: pairs of choices are uniform too (chi-square, p = 1e-6).
local tri = require "trilune"
local N, chans, count, last = 90000, {}, {}, nil
for i = 1, 3 do chans[i] = tri.chan(1) chans[i]:send(0) end
for i = 1, 9 do count[i] = 0 end
for n = 1, N * 2 do
  local i = tri.select { { chans[1] }, { chans[2] }, { chans[3] } }
  chans[i]:send(0)
  if n % 2 == 0 then local k = (last - 1) * 3 + i; count[k] = count[k] + 1 end
  last = i
end
local chi = 0
for i = 1, 9 do chi = chi + (count[i] - N / 9)^2 / (N / 9) end
if chi > 42.71 then print(chi, table.unpack(count)) end
print("done")   --> done
--! both-channels
