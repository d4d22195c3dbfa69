-- More Gs than get a stack each wait on a shared channel, and all go on.
local tri = require "trilune"
local ch, answers = tri.channel(), tri.channel()
local n = 2000
for i = 1, n do tri.go(function() answers:send(ch:recv() * i) end) end
tri.go(function() for _ = 1, n do ch:send(2) end end)
local sum = 0
for _ = 1, n do sum = sum + answers:recv() end
print(sum)   --> 4002000
