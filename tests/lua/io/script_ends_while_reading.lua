-- The main script returns while a G reads from a silent pipe and another waits for it.
local tri = require "trilune"
local silent = io.popen("exec sleep 1 2>/dev/null")
tri.go(function() silent:read() end)
local waiting = tri.go(function() silent:read() end)
while waiting:status() ~= "waiting" do tri.yield() end
print("end") --> end
