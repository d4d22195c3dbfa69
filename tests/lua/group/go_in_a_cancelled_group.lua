-- A G that is added to a group whose caller was cancelled is cancelled too: the group comes to its end.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local late
local g = tri.go(function()
  tri.group(function(group)
    group:go(function()
      pcall(tri.sleep, 1000)
      late = group:go(function() tri.sleep(1000) return "slept" end)
    end)
    tri.sleep(1000)
  end)
end)
for _ = 1, 4 do tri.yield() end
g:cancel("stop")
local ok, e = g:join(20)
print(ok, e)                              --> false stop
print(late and late:status())             --> dead
