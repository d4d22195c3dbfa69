-- A hundred Gs that only compute all get on, at about the same pace.
--! options --slice 200us
local tri = require "trilune"
local counts, stop = {}, false
for i = 1, 100 do
  counts[i] = 0
  tri.go(function() while not stop do counts[i] = counts[i] + 1 end end)
end
local least, most
local start = tri.now()
repeat
  tri.sleep(0.1)
  least, most = math.huge, 0
  for _, n in ipairs(counts) do least, most = math.min(least, n), math.max(most, n) end
until least > 0 and most < 4 * least and tri.now() - start > 0.5
stop = true
print("all of them")                           --> all of them
