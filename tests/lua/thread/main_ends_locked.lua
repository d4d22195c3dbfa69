-- A program whose main script ends locked ends as usual, with the others' close handlers.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
for _ = 1, 3 do
  tri.go(function()
    tri.lockthread()
    local t <close> = setmetatable({}, { __close = function() print("closed") end })
    tri.chan():recv()
  end)
end
tri.lockthread()
tri.sleep(0.001)
print("end of main")
--> end of main
--> closed
--> closed
--> closed
