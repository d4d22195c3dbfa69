-- Even a cancelled caller waits until its Gs have ended.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local turns = 0
local g = tri.go(function()
  tri.group(function(group)
    group:go(function()
      while turns < 50 do
        pcall(tri.sleep, 0)
        turns = turns + 1
      end
    end)
    tri.sleep(1000)
  end)
end)
tri.yield() tri.yield()
g:cancel("stop")
local ok, e = g:join()
print(ok, e, turns)   --> false stop 50
