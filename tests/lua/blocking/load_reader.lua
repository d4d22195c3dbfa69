-- Every wait works inside the reader function of load, in the middle of a token.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local source, at = "local t = {1, 'two', [[three]]} return #t, t[2] --[[ end ]]", 0
  local f = assert(load(function()
    at = at + 1
    local c = source:sub(at, at)
    return wait(c ~= "" and c or nil)
  end))
  local n, two = f()
  local _, m = load(function() error(wait("reader failed"), 0) end)
  return n, two, m:match("^[^\n]*")
end))
--> 3 two reader failed
