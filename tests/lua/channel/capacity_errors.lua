-- tri.channel refuses capacities that are no integer from 0 to 2^30.
local tri = require "trilune"
for _, c in ipairs { -1, math.mininteger, 1.5, 2^30 + 1, math.maxinteger, 2^63, 1 / 0, 0 / 0, "x", {}, true, print } do
  local ok, m = pcall(tri.channel, c)
  if ok or not m:find("bad argument #1 to '[%w.]*channel'") then print(c, ok, m) end
end
print(tri.channel():cap(), tri.channel(nil):cap(), tri.channel(0):cap(), tri.channel(3.0):cap(), tri.channel(1 << 30):cap())
--> 0 0 0 3 1073741824
