-- Every wait works at the top level of a required module, given by package.preload.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
local n = 0
print(everywhere(function(wait)
  n = n + 1
  local name = "waiting module " .. n
  package.preload[name] = function(...)
    local m = { wait(...) == name, wait("value") }
    return wait(m)
  end
  local m = require(name)
  return m[1], m[2], require(name) == m
end))
--> true value true
