-- Groups work inside sort comparators, gsub callbacks and metamethods, errors included.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local stop = require "crowd" (40)
local function both(a, b)
  local x, y
  tri.group(function(group)
    group:go(function() tri.yield() x = a end)
    group:go(function() y = b end)
  end)
  return x, y
end
local t = { 5, 1, 4, 2, 3 }
table.sort(t, function(a, b) local x, y = both(a, b) return x < y end)
print(table.concat(t, " "))                                                --> 1 2 3 4 5
print((("a-b"):gsub("(%a)%-(%a)", function(a, b) local x, y = both(a, b) return y .. x end)))  --> ba
local object = {}
local ok, e = pcall(table.sort, { 2, 1 }, function()
  tri.group(function(group) group:go(error, object) tri.sleep(1000) end)
end)
print(ok, e == object)                                                     --> false true
stop()
