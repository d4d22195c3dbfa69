-- iter gives each value until the channel is closed and drained.
local tri = require "trilune"
local ch = tri.chan(2)
local g = tri.go(function()
  for _, v in ipairs { "a", false, "c" } do ch:send(v) end
  ch:close()
end)
for v in ch:iter() do print(v) end
--> a
--> false
--> c
g:join()
for v in ch:iter() do print("never", v) end
local with_nil = tri.chan(3)
with_nil:send(1) with_nil:send(nil) with_nil:send(3)
for v in with_nil:iter() do print(v) end    --> 1
print(with_nil:recv())                      --> 3 true
--! both-channels
