-- A module that waits at its top level: it adds up what other Gs send, and sorts.
local tri = require "trilune"
local ch = tri.chan()
for i = 1, 100 do tri.go(ch.send, ch, i) end
local sum = 0
for _ = 1, 100 do sum = sum + ch:recv() end
local t = { 3, 1, 2 }
table.sort(t, function(a, b) tri.sleep(0) return a < b end)
return { sum = sum, sorted = table.concat(t, " ") }
