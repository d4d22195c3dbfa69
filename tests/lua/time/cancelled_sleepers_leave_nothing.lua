--! options --memory 16M
-- The timers of waits that a cancel or a value ends go with the waits, while their P stays busy.
local tri = require "trilune"
for _ = 1, 20 do
  local ok = pcall(tri.group, function(g)
    for i = 1, 2000 do
      g:go(tri.sleep, 3600)
      if i % 100 == 0 then tri.yield() end
    end
    error "enough"
  end)
  assert(not ok)
end
print "cancelled"      --> cancelled
local a, b = tri.chan(), tri.chan()
tri.go(function() for v in a:iter() do b:send(v) end end)
for i = 1, 100000 do
  a:send(i, 3600)
  assert(b:recv(3600) == i)
end
a:close()
print "timed waits"    --> timed waits
