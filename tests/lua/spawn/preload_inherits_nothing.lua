-- A spare isolate has what its modules made, but paths and loaders of who spawns from it.
local tri = require "trilune"
local standard = package.path
package.path = "./lib/?.lua;" .. standard
package.preload.mine = function() package.preload.of_module = print return {} end
tri.preload { "helper", "mine" }
package.path = standard
package.preload.mine = nil
local function look()
  return package.loaded.helper ~= nil, package.path, package.preload.mine, package.preload.of_module == print
end
repeat
  local _, is_spare, path, mine, of_module = tri.spawn(look):join()
  assert(path == standard and mine == nil and of_module == is_spare)
until is_spare
print("looked")   --> looked
