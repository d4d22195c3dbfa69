-- In mode count, too, a cancelled G ends, whatever it catches.
--! options --preempt count:100
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
for i, body in ipairs(require "pcall_loops") do
  local g = tri.go(body)
  for _ = 1, 3 do tri.yield() end
  g:cancel "stop"
  print(i, g:join())
end
--> 1 false stop
--> 2 false stop
--> 3 false stop
--> 4 false stop
--> 5 false stop
--> 6 false stop
