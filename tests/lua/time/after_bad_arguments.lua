-- after and tick refuse times that are negative, NaN or no numbers; tick refuses 0 too.
local tri = require "trilune"
for _, name in ipairs { "after", "tick" } do
  for _, s in ipairs { -1, -0.001, 0 / 0, "soon", {}, true, name == "tick" and 0 or -2, name == "tick" and 0.0 or -2 } do
    local ok, m = pcall(tri[name], s)
    if ok or not m:find("bad argument #1 to '[%w.]*" .. name) then print(name, s, ok, m) end
  end
  if pcall(tri[name]) then print(name, "without a time") end
end
