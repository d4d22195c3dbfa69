-- The report comes once nobody can join the G any more: when its handle was collected.
--! stderr boom[\s\S]*^after the collection$
local tri = require "trilune"
tri.go(function() error("boom") end)
tri.yield()
for _ = 1, 3 do collectgarbage() tri.yield() end
io.stderr:write("after the collection\n")
