-- A caller that is cancelled while its group fails stays cancelled after the group.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local after
local g = tri.go(function()
  local ok = pcall(tri.group, function(group)
    group:go(function() pcall(tri.sleep, 1000) error("member", 0) end)
    tri.sleep(1000)
  end)
  after = { ok, pcall(tri.sleep, 0) }
end)
for _ = 1, 3 do tri.yield() end
parked(g)
g:cancel("stop")
g:join()
print(after[1], after[2], after[3])   --> false false stop
--! stderr error in goroutine \d+: member
