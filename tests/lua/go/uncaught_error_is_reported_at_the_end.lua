-- While somebody holds the handle of a failed G its error is not reported; at the end of the program it is.
--! stderr ^before the end$[\s\S]*boom
local tri = require "trilune"
held = tri.go(function() error("boom") end)
tri.yield()
for _ = 1, 3 do collectgarbage() tri.yield() end
io.stderr:write("before the end\n")
