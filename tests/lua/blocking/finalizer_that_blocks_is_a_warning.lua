-- The error of a finalizer that would block is a warning, and the program goes on.
--! stderr warning: error in __gc
--! stderr cannot block in a finalizer
local tri = require "trilune"
warn("@on")
setmetatable({}, { __gc = function() tri.chan():recv() end })
collectgarbage()
print("goes on")           --> goes on
