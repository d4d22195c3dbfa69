-- tri.stats() counts the collections of an isolate, also young ones, and after a mode was changed.
local tri = require "trilune"
local function own()
  for _, one in ipairs(tri.stats().isolates) do
    if one.self then return one.collections end
  end
end
for _, mode in ipairs{"incremental", "generational", "incremental"} do
  collectgarbage(mode)
  local before = own()
  collectgarbage()
  print(own() - before >= 1)                  --> true
  --> true
  --> true
  for _ = 1, 200000 do local _ = {} end
  assert(own() > before + 1)
end
