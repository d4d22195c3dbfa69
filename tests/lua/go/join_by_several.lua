-- Many Gs that wait for one all get its results.
local tri = require "trilune"
local gate = tri.chan()
local g = tri.go(function() return "result", gate:recv() end)
local joiners = {}
for i = 1, 100 do joiners[i] = tri.go(g.join, g) end
tri.yield()
gate:send("sent")
local n = 0
for _, j in ipairs(joiners) do
  local joined, ok, a, b = j:join()
  if joined and ok and a == "result" and b == "sent" then n = n + 1 end
end
print(n)   --> 100
