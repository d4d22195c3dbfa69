-- Every wait works inside __close: at the end of a block, on break, return, goto and errors.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local log = {}
  local function tbc(name)
    return setmetatable({}, { __close = function(_, e) log[#log + 1] = wait(name) .. (e and ":" .. e or "") end })
  end
  do local a <close> = tbc("block"); local b <close> = tbc("inner") end
  while true do local a <close> = tbc("break") break end
  local r = (function() local a <close> = tbc("return") return "r" end)()
  do local a <close> = tbc("goto") goto out end
  ::out::
  local _, e = pcall(function() local a <close> = tbc("error"); error("E", 0) end)
  for _ in function(_, c) return not c or nil end, nil, nil, tbc("loop") do end
  return r, e, table.concat(log, " ")
end))
--> r E inner block break return goto error:E loop
