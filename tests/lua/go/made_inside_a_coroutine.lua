-- tri.go works inside coroutines; the G does not depend on the coroutine that made it.
local tri = require "trilune"
local make = coroutine.wrap(function()
  for i = 1, 3 do
    coroutine.yield(tri.go(function() tri.yield() return i end))
  end
end)
local a, b, c = make(), make(), make()
make = nil
collectgarbage()
print(a:join())   --> true 1
print(b:join())   --> true 2
print(c:join())   --> true 3
