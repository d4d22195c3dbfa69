-- The same by instructions, where it does not depend on the clock.
--! options --procs 1 --preempt count:1000
local tri = require "trilune"
local ended = 0
local function body() ended = ended + 1 end
for _ = 1, 100000 do tri.go(body) end
print(ended > 95000)               --> true
