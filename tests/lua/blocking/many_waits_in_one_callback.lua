-- One sort comparator waits thousands of times, and its stack is the same each time.
local tri = require "trilune"
local t, n = {}, 0
for i = 1, 2000 do t[i] = i * 7919 % 2003 end
local other = tri.go(function() for i = 1, 1000 do tri.yield() end return "other" end)
table.sort(t, function(a, b) n = n + 1; tri.yield(); return a < b end)
for i = 2, #t do assert(t[i - 1] < t[i]) end
print(n > 10000, other:join())   --> true true other
