-- An error in an outer group ends the function's wait in an inner group, whose Gs end first.
local tri = require "trilune"
local object, log = {}, {}
local function sleeper(name)
  local t <close> = setmetatable({}, { __close = function() log[#log + 1] = name end })
  tri.sleep(1000)
end
local ok, e = pcall(tri.group, function(outer)
  outer:go(function() tri.yield() tri.yield() error(object) end)
  tri.group(function(middle)
    middle:go(sleeper, "middle")
    tri.group(function(inner)
      inner:go(sleeper, "inner")
      sleeper("function")
    end)
    log[#log + 1] = "not reached"
  end)
end)
table.sort(log)
print(ok, e == object, table.concat(log, " "))   --> false true function inner middle
tri.sleep(0)
print(pcall(tri.yield))                          --> true
