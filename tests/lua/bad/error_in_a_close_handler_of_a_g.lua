-- An error in a close handler of a G becomes the G's error; of a cancelled G as well.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local function bad() return setmetatable({}, { __close = function(_, e) error("handler after " .. tostring(e), 0) end }) end
print(table.unpack({tri.go(function() local t <close> = bad() return "result" end):join()}, 1, 2))    --> false handler after nil
print(table.unpack({tri.go(function() local t <close> = bad() error("E", 0) end):join()}, 1, 2))      --> false handler after E
local g = parked(tri.go(function() local t <close> = bad() tri.sleep(1000) end))
g:cancel("reason")
print(g:join())                                                                 --> false handler after reason
