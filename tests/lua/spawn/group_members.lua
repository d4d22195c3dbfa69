-- group:spawn gives the handle of a member, whose join gives the program's results.
local tri = require "trilune"
print(tri.group(function(group)
  local a = group:spawn(function(x) return x, x * 2 end, 4)
  local b = group:spawn({ name = "b" }, function() return end)
  return select("#", b:join()), a:join()
end))                                                 --> 1 true 4 8
-- It waits for all.
local ch = tri.channel(10)
tri.group(function(group)
  for i = 1, 5 do group:spawn(function(ch) ch:send(1) end, ch) end
end)
print(#ch)                                            --> 5
local group
tri.group(function(g) group = g end)
print(pcall(group.spawn, group, print))               --> false the group has ended
