-- The function of a group may yield to the generator it runs in, for it runs in the caller.
local tri = require "trilune"
local squares = coroutine.wrap(function()
  tri.group(function(group)
    local ch = tri.chan()
    for i = 1, 3 do group:go(function() ch:send(i * i) end) end
    for _ = 1, 3 do coroutine.yield((ch:recv())) end
  end)
end)
local sum = 0
for v in squares do sum = sum + v end
print(sum)   --> 14
