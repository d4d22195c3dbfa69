-- An error in a G that nobody joins is reported with its id and a traceback, and the program goes on.
--! stderr goroutine 2\b
--! stderr uncaught_error_is_reported.lua:8: boom
--! stderr ^stack traceback:
--! stderr uncaught_error_is_reported.lua:8: in
--! stderr uncaught_error_is_reported.lua:10: in
local tri = require "trilune"
local function inner() error("boom") end
tri.go(function()
  inner()
  return "not a tail call"
end)
tri.yield()
print("goes on")   --> goes on
