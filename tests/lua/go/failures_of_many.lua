-- The price of a failed G does not grow with their number: 300,000 fail and are joined.
local tri = require "trilune"
local N = 300000
local gs = {}
for i = 1, N do gs[i] = tri.go(error, "failed", 0) end
tri.yield()
local n = 0
for i = 1, N do
  local ok, e = gs[i]:join()
  if ok == false and e == "failed" then n = n + 1 end
end
print(n)   --> 300000
