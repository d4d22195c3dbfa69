-- What a cancelled G has left running is ended; nobody waits for it, so it keeps no deadlock from being seen.
--! exit 2
--! stderr all goroutines are asleep - deadlock!
local tri = require "trilune"
local handle
local g = tri.go(function()
  handle = io.popen "exec sleep 30"
  tri.sleep(1000)
end)
tri.yield()
repeat tri.sleep(0.001) until handle
g:cancel("stop")
print(g:join()) --> false stop
tri.chan():recv()
