-- sleep waits at least as long as asked, for integers and floats.
local tri = require "trilune"
for _, s in ipairs { 0, 0.0, 1e-9, 0.0001, 0.001, 0.005, 0.02 } do
  local before = tri.now()
  local n = select("#", tri.sleep(s))
  local after = tri.now()
  if after - before < s or n ~= 0 then print(s, after - before, n) end
end
local before = tri.now()
tri.sleep(1)
print(tri.now() - before >= 1)   --> true
