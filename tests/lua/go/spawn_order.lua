-- Gs run first in the order in which they were made.
local tri = require "trilune"
local order, gs = {}, {}
for i = 1, 300 do gs[i] = tri.go(function() order[#order + 1] = i end) end
for _, g in ipairs(gs) do g:join() end
for i = 1, 300 do assert(order[i] == i, i) end
print(#order)   --> 300
