-- A suspended generator may be resumed by another G than the one that started it, waits included.
local tri = require "trilune"
local gen = coroutine.wrap(function()
  for i = 1, 6 do
    table.sort({ 2, 1 }, function() tri.yield() return false end)
    coroutine.yield(i)
  end
end)
print(gen())                                                    --> 1
print(tri.go(gen):join())                                       --> true 2
print(tri.go(function() return gen(), gen() end):join())        --> true 3 4
print(gen())                                                    --> 5
print(select(2, tri.go(coroutine.wrap(function() return gen() end)):join())) --> 6
