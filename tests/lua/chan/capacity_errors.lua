-- tri.chan refuses capacities that are no integer from 0 to 2^30.
local tri = require "trilune"
for _, c in ipairs { -1, math.mininteger, 1.5, 2^30 + 1, math.maxinteger, 2^63, 1 / 0, 0 / 0, "x", {}, true, print } do
  local ok, m = pcall(tri.chan, c)
  if ok or not m:find("bad argument #1 to '[%w.]*chan'") then print(c, ok, m) end
end
print(tri.chan():cap(), tri.chan(nil):cap(), tri.chan(0):cap(), tri.chan(3.0):cap(), tri.chan(1 << 30):cap())
--> 0 0 0 3 1073741824
