-- A G that only computes stops no ticker, on one P.
--! options --procs 1
local tri = require "trilune"
local stop = false
local hog = tri.go(function() while not stop do end return "hog ended" end)
local ticks = tri.tick(0.001)
for _ = 1, 20 do assert(math.type(ticks:recv()) == "float") end
ticks:stop()
print(hog:status())                 --> runnable
stop = true
print(hog:join())                   --> true hog ended
