-- Values come out in the order in which one G sent them, at every capacity.
local tri = require "trilune"
for _, capacity in ipairs { 0, 1, 2, 7, 1000, 5000 } do
  local ch = tri.chan(capacity)
  local g = tri.go(function()
    for i = 1, 3000 do ch:send(i) end
    ch:close()
  end)
  local n = 0
  for v in ch:iter() do
    n = n + 1
    assert(v == n)
  end
  g:join()
  print(capacity, n)
end
--> 0 3000
--> 1 3000
--> 2 3000
--> 7 3000
--> 1000 3000
--> 5000 3000
--! both-channels
