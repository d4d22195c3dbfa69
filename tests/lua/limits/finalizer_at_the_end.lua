-- A finalizer that loops does not keep an isolate, or the program, from ending.
local tri = require "trilune"
local function program()
  keep = setmetatable({}, { __gc = function() while true do pcall(function() while true do end end) end end })
  return "end"
end
print(tri.spawn(program):join())   --> true end
local g = tri.spawn(function() keep2 = 1 while true do end end)
program()
