-- The report of an error that left nested coroutines shows the frames of each of them.
--! stderr goroutine 2\b
--! stderr deepest
--! stderr traceback_goes_through_coroutines.lua:9: in
--! stderr traceback_goes_through_coroutines.lua:10: in
--! stderr traceback_goes_through_coroutines.lua:12: in
local tri = require "trilune"
local function deepest() error("deepest") end
local function middle() deepest() return 1 end
local function outer() coroutine.wrap(middle)() return 1 end
tri.go(function()
  coroutine.wrap(outer)()
  return 1
end)
tri.yield()
print("ends normally")   --> ends normally
