-- Error objects of Gs that nobody joins are reported as the command reports them.
--! stderr goroutine 2\b[\s\S]*shown by tostring
--! stderr goroutine 3\b[\s\S]*error object is a table value
--! stderr goroutine 4\b[\s\S]*error object is a nil value
local tri = require "trilune"
tri.go(error, setmetatable({}, { __tostring = function() return "shown by tostring" end }))
tri.go(error, {})
tri.go(error)
tri.yield()
print("goes on")   --> goes on
