-- Cancelling a caller that waits for its Gs cancels them, and the caller gets its reason once they have ended.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local reason, seen, ended = {}, {}, 0
local g = tri.go(function()
  tri.group(function(group)
    for i = 1, 3 do
      group:go(function()
        local t <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
        tri.sleep(1000)
      end)
    end
  end)
end)
for _ = 1, 3 do tri.yield() end
parked(g)
g:cancel(reason)
local ok, e = g:join()
print(ok, e == reason, ended)   --> false true 3
