-- os.exit in a spawned isolate ends the whole program with that status.
--! exit 7
local tri = require "trilune"
local t <close> = setmetatable({}, { __close = function() print("closed") end })
local g = tri.spawn(function()
  print("exiting")   --> exiting
  os.exit(7)
end)
g:join()
print("never")
