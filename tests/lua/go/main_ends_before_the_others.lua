-- When the main script ends, the other Gs are cancelled and their close handlers run; nothing is reported.
local tri = require "trilune"
local function tbc(name)
  return setmetatable({}, { __close = function(_, e) print("close", name, e) end })
end
tri.go(function()
  local t <close> = tbc("receiver")
  tri.chan():recv()
end)
tri.go(function()
  local t <close> = tbc("sleeper")
  tri.sleep(1000)
end)
tri.go(function()
  local t <close> = tbc("in sort")
  table.sort({ 2, 1 }, function() tri.chan():recv() end)
end)
tri.yield()
print("end of main")
--! unordered
--> end of main
--> close receiver cancelled
--> close sleeper cancelled
--> close in sort cancelled
