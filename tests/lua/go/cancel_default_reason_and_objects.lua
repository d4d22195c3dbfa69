-- The default reason is "cancelled"; a reason may be any value, and is raised without a position.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local function cancelled(...)
  local g = parked(tri.go(function()
    local function waits() tri.chan():recv() end
    waits()
  end))
  g:cancel(...)
  return select(2, g:join())
end
local object = setmetatable({}, { __tostring = function() return "an object" end })
print(cancelled())                       --> cancelled
print(cancelled(nil))                    --> cancelled
print(cancelled("own reason"))           --> own reason
print(cancelled(object) == object)       --> true
print(cancelled(42), cancelled(false))   --> 42 false
