-- tri.group and group:go refuse what cannot be called.
local tri = require "trilune"
for _, f in ipairs { 1, "x", {}, true, io.stdout } do
  local ok, m = pcall(tri.group, f)
  if ok or not m:find("bad argument #1 to '[%w.]*group'") then print(f, ok, m) end
end
print((pcall(tri.group)))                          --> false
tri.group(function(group)
  for _, f in ipairs { 1, "x", {}, tri.self() } do
    local ok, m = pcall(function() group:go(f) end)
    if ok or not m:find("bad argument #%d") then print(f, ok, m) end
  end
  print((pcall(group.go, {}, print)), (pcall(group.cancel)))   --> false false
end)
