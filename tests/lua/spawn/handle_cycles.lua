-- Handles and channels that refer to each other, and to nothing else, are freed at the end.
local tri = require "trilune"
for i = 1, 100 do
  local ch = tri.channel(2)
  local g = tri.spawn(function(ch) return ch end, ch)   -- the results hold the channel
  g:join()
  ch:send(g)                                            -- which holds the handle
end
collectgarbage()
print("done")   --> done
