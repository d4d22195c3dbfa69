-- Error objects of unjoined Gs whose __tostring fails, or gives no string, are reported all the same.
--! stderr goroutine 2\b
--! stderr goroutine 3\b
local tri = require "trilune"
tri.go(error, setmetatable({}, { __tostring = function() error("in tostring") end }))
tri.go(error, setmetatable({}, { __tostring = function() return 42 end }))
tri.yield()
print("goes on")   --> goes on
