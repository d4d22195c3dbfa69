-- After stop no tick comes, from another G as well; a stopped tick may be stopped again.
local tri = require "trilune"
local tick, n = tri.tick(0.001), 0
local g = tri.go(function()
  while true do
    local t, ok, timeout = tick:recv(0.05)
    if timeout then return "silence" end
    n = n + 1
  end
end)
while n < 5 do tri.yield() end
tick:stop()
print(g:join())            --> true silence
tick:stop()
print(tick:tryrecv())      --> false
