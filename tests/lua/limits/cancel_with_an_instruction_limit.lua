-- A program with an instruction limit is cancelled as any other, also if it catches all.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
for i, body in ipairs(require "pcall_loops") do
  local started = tri.channel(1)
  local g = tri.spawn({ instructions = 1e15 }, function(body, started)
    started:send(true)
    body()
  end, body, started)
  started:recv()
  g:cancel "stop"
  local ok, err = g:join()
  print(i, ok, err)
end
--> 1 false stop
--> 2 false stop
--> 3 false stop
--> 4 false stop
--> 5 false stop
--> 6 false stop
