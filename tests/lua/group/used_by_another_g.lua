-- The function of a group may be resumed by another G than the one that started it.
local tri = require "trilune"
local gen = coroutine.wrap(function()
  return (tri.group(function(group)
    local g = group:go(function() for _ = 1, 3 do tri.yield() end return "member" end)
    coroutine.yield("started")
    return select(2, g:join())
  end))
end)
print(gen())                                     --> started
print(tri.go(gen):join())                        --> true member
