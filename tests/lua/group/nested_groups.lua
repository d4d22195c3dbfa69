-- An error in an inner group ends that group first, then the outer one, with the same object.
local tri = require "trilune"
local object, log = {}, {}
local function tbc(name)
  return setmetatable({}, { __close = function() log[#log + 1] = name end })
end
local ok, e = pcall(tri.group, function(outer)
  outer:go(function() local t <close> = tbc("outer G") tri.sleep(1000) end)
  tri.group(function(inner)
    inner:go(function() local t <close> = tbc("inner G") tri.sleep(1000) end)
    inner:go(function() tri.yield() error(object) end)
  end)
  log[#log + 1] = "not reached"
end)
print(ok, e == object, table.concat(log, ", "))   --> false true inner G, outer G
