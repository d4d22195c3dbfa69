--! options --memory 8M
-- A limit does not refuse while all is garbage: also what lies outside of the heap presses on the collector.
local tri = require "trilune"
local sync = require "trilune.sync"

for _ = 1, 300000 do tri.channel(1) end
print "channels"                     --> channels

for _ = 1, 200 do                    -- each in its own buffer
  local c = tri.channel(1)
  c:send { c, ("x"):rep(100000) }
end
for _ = 1, 100 do                    -- in each other's
  local a, b = tri.channel(2), tri.channel(2)
  a:send { b, ("x"):rep(100000) } b:send { a, ("x"):rep(100000) }
end
print "in their own buffers"         --> in their own buffers

local long = ("x"):rep(100000)       -- next to no garbage in the heap
for _ = 1, 2000 do tri.channel(1):send(long) end
for _ = 1, 2000 do tri.select { { tri.channel(1), "send", long } } end
print "with messages"                --> with messages

for _ = 1, 100000 do tri.after(60) tri.tick(60) end
print "timers"                       --> timers

for _ = 1, 500 do tri.spawn(function() return ("x"):rep(1000) end) if _ % 20 == 0 then tri.sleep(0.001) end end
print "programs"                     --> programs
