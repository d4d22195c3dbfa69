-- Closing a generator that is suspended inside a group cancels the group's Gs; nothing hangs.
local tri = require "trilune"
local ended = 0
local gen = coroutine.create(function()
  tri.group(function(group)
    for _ = 1, 3 do
      group:go(function()
        local t <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
        tri.sleep(1000)
      end)
    end
    tri.yield()
    coroutine.yield("inside")
  end)
end)
print(coroutine.resume(gen))      --> true inside
print(coroutine.close(gen))       --> true
for _ = 1, 5 do tri.yield() end
print(ended)                      --> 3
print(pcall(tri.sleep, 0))        --> true
