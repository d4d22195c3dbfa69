-- The capacity is a limit: a channel with a large one takes memory only for what it holds.
local tri = require "trilune"
local before = collectgarbage("count")
local chans = {}
for i = 1, 100 do chans[i] = tri.channel(1 << 30) end
for i = 1, 100 do chans[i]:send(i) end
print(collectgarbage("count") - before < 1024)   --> true
print(chans[100]:recv())                         --> 100 true
