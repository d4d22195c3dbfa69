-- What Gs wrote to stdout before the end is there, also without a flush.
local tri = require "trilune"
io.stdout:setvbuf("full")
local gs = {}
for i = 1, 3 do gs[i] = tri.go(function() io.write("g", i, "\n") end) end
for _, g in ipairs(gs) do g:join() end
io.write("end\n")
--> g1
--> g2
--> g3
--> end
