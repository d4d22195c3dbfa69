-- Every wait works below table.concat, table.unpack, table.move and table.remove of proxies.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local data = { "a", "b", "c" }
  local proxy = setmetatable({}, {
    __index = function(_, k) return wait(data[k]) end,
    __newindex = function(_, k, v) data[k] = wait(v) end,
    __len = function() return wait(#data) end,
  })
  local joined = table.concat(proxy, "-")
  local x, y, z = table.unpack(proxy)
  local moved = table.concat(table.move(proxy, 2, 3, 1, {}))
  return joined, x .. y .. z, moved, table.remove(proxy, 1), #proxy, data[1]
end))
--> a-b-c abc bc a 2 b
