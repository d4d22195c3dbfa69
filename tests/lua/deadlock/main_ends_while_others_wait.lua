-- Gs that wait for ever are no deadlock if the main script can end.
local tri = require "trilune"
for _ = 1, 10 do tri.go(function() tri.chan():recv() end) end
tri.yield()
print("end")   --> end
