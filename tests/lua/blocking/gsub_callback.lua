-- Every wait works inside a string.gsub callback, and inside an __index that gsub calls.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local s, n = string.gsub("one two three", "%a+", function(w) return wait(w):upper() end)
  local words = setmetatable({}, { __index = function(_, w) return wait(#w) end })
  return s, n, (string.gsub("one two three", "%a+", words))
end))
--> ONE TWO THREE 3 3 3 5
