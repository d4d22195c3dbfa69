-- A hundred Gs that only compute share the time for four seconds: four in five of them are
-- within 30 % of the median, whatever else the machine does to single slices.
--! options --procs 1 --slice 1ms
local tri = require "trilune"
local counts, stop = {}, false
for i = 1, 100 do
  counts[i] = 0
  tri.go(function() while not stop do counts[i] = counts[i] + 1 end end)
end
tri.sleep(4)
stop = true
table.sort(counts)
local median, even = counts[50], 0
for _, n in ipairs(counts) do
  if math.abs(n - median) < 0.3 * median then even = even + 1 end
end
local shared = even >= 80 and counts[1] > median / 10 and counts[100] < median * 10
print(shared)                                  --> true
if not shared then print(table.concat(counts, " ")) end
