-- A count hook of the script does not keep a cancelled G that catches all from its end.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
for _, preempt in ipairs { "signal", "count:1000" } do
  local g = tri.spawn({ preempt = preempt }, function(body)
    local tri = require "trilune"
    local calls = tri.chan(1)
    local inner = tri.go(function()
      debug.sethook(function() calls:trysend(true) end, "", 100000)
      body()
    end)
    calls:recv()
    inner:cancel "stop"
    return inner:join()
  end, require "pcall_loops"[1])
  print(preempt, g:join())
end
--> signal true false stop
--> count:1000 true false stop
