-- sleep refuses negative times, NaN and what is no number.
local tri = require "trilune"
for _, s in ipairs { -1, -0.001, -math.huge, math.mininteger, 0 / 0, "soon", {}, true, print } do
  local ok, m = pcall(tri.sleep, s)
  if ok or not m:find("bad argument #1 to '[%w.]*sleep'") then print(s, ok, m) end
end
print((pcall(tri.sleep)), (pcall(tri.sleep, nil)))   --> false false
