-- A failure in a group ends members, and the group's function, that only compute.
--! options --procs 1 --slice 1ms
local tri = require "trilune"
print(pcall(tri.group, function(group)
  group:go(function() while true do pcall(next) end end)
  group:go(function() tri.sleep(0.005) error("one failed", 0) end)
end))                                          --> false one failed
print(pcall(tri.group, function(group)
  group:go(function() tri.sleep(0.005) error("a member failed", 0) end)
  while true do end
end))                                          --> false a member failed
print(pcall(tri.group, function(group)
  group:go(function() tri.sleep(0.005) error("a member failed", 0) end)
  while true do pcall(function() while true do end end) end
end))                                          --> false a member failed
print(pcall(tri.group, function(group)
  group:go(function() while true do end end)
  tri.sleep(0.005)
  error("the function failed", 0)
end))                                          --> false the function failed
print(pcall(coroutine.wrap(function()
  tri.group(function(group)
    group:go(function() tri.sleep(0.005) error("below a coroutine", 0) end)
    while true do end
  end)
end)))                                         --> false below a coroutine
-- The same G may compute on afterwards.
local n = 0
for i = 1, 1e6 do n = n + 1 end
print(n)                                       --> 1000000
