-- A sort comparator joins a G whose gsub callback receives from a G that sorts.
local tri = require "trilune"
local stop
do package.path = "../lib/?.lua;" .. package.path; stop = require "crowd" (100) end
local function through_gsub(n)
  local ch = tri.chan()
  tri.go(function()
    local t = { 2, 1, 3 }
    table.sort(t, function(a, b) tri.yield() return a < b end)
    ch:send(n + t[1] - 1)
  end)
  return tonumber((("v"):gsub("v", function() return ch:recv() end)))
end
local t = {}
for i = 1, 20 do t[i] = i * 7 % 20 end
table.sort(t, function(a, b)
  local ga, gb = tri.go(through_gsub, a), tri.go(through_gsub, b)
  return select(2, ga:join()) < select(2, gb:join())
end)
print(table.concat(t, " "))
stop()
--> 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
