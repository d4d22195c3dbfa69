-- os.exit ends the program out of a locked G, while others are locked, wait or are about to run.
--! exit 7
--! repeat 5
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
for i = 1, 6 do
  tri.go(function()
    tri.lockthread()
    if i % 2 == 0 then tri.chan():recv() end
    while true do tri.sleep(0.0001) end
  end)
end
tri.go(function()
  tri.lockthread()
  tri.sleep(0.005)
  os.exit(7, true)
end)
tri.lockthread()
tri.chan():recv()
