-- A finalizer that loops does not keep an isolate, or the program, from ending.
local tri = require "trilune"
local function program()
  keep = setmetatable({}, { __gc = function() while true do pcall(function() while true do end end) end end })
  return "end"
end
print(tri.spawn(program):join())   --> true end
local g = tri.spawn(function() keep2 = 1 while true do end end)
program()
-- Nor do many: all of them have half a second together.
print(tri.spawn(function()
  keep = {}
  for i = 1, 2000 do keep[i] = setmetatable({}, { __gc = function() while true do end end }) end
  return "end"
end):join())   --> true end
