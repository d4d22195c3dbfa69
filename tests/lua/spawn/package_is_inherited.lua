-- package.path, package.cpath and the loaders in package.preload go with the program.
local tri = require "trilune"
package.path = "./lib/?.lua"
package.cpath = "./nowhere/?.so"
package.preload.made_here = function(name, extra) return { name = name, extra = extra, up = package.path } end
local function program()
  local helper, made = require "helper", require "made_here"
  return helper.twice(4), made.name, made.extra, made.up, package.cpath
end
print(tri.spawn(program):join())         --> true 8 made_here :preload: ./lib/?.lua ./nowhere/?.so
-- And from there.
print(select(2, tri.spawn(function(program)
  return require("trilune").spawn(program):join()
end, program):join()))                   --> true 8 made_here :preload: ./lib/?.lua ./nowhere/?.so
package = nil   -- what require sees counts
print(tri.spawn(program):join())         --> true 8 made_here :preload: ./lib/?.lua ./nowhere/?.so
