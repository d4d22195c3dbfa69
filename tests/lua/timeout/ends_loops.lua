-- When the time is over, code that computes is interrupted as well.
local tri = require "trilune"
print(tri.timeout(0.005, function() while true do end end))                     --> nil timeout
print(tri.timeout(0.005, function() while true do pcall(function() while true do end end) end end))
--> nil timeout
print(tri.timeout(0.005, coroutine.wrap(function() while true do end end)))     --> nil timeout
local ch = tri.chan()
print(tri.timeout(0.005, function() while true do pcall(ch.recv, ch) end end))   --> nil timeout
-- The caller computes on undisturbed.
local n = 0
for i = 1, 3000000 do n = n + 1 end
print(n)                                                                        --> 3000000
-- Beside others that compute.
local hogs = {}
for i = 1, 3 do hogs[i] = tri.go(function() while true do end end) end
print(tri.timeout(0.01, function() while true do end end))                      --> nil timeout
for i = 1, 3 do hogs[i]:cancel() end
