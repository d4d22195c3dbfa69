-- A once whose function stands in a generator that was collected counts as ended by an error: who waits goes on.
local tri = require "trilune"
local sync = require "trilune.sync"
local once = sync.once()
do
  local step = coroutine.wrap(function() once:call(coroutine.yield, "inside") end)
  print(step())   --> inside
end
local g = tri.go(function() return once:call(error, "must not run") end)
tri.yield()
print(g:status())   --> waiting
collectgarbage()
print(g:join())   --> true false
print(once:call(error, "must not run"))   --> false
