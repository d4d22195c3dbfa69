-- tri.procs refuses what is not an integer from 1 to 256, and changes nothing.
--! options --procs 2
local tri = require "trilune"
for _, n in ipairs { 0, -1, 257, 1.5, "x", {}, true, math.huge } do
  local ok, m = pcall(tri.procs, n)
  if ok or not m:find("bad argument #1 to '[%w.]*procs'") then print(n, ok, m) end
end
print(tri.procs(256), tri.procs(2))   --> 2 256
