--! options --memory 12M
-- Timers that are stopped, dropped or reset cost nothing any more, also while the script never waits: the limit would
-- be used up by 40,000 of them.
local tri = require "trilune"
local ch = tri.chan(1)
for i = 1, 100000 do
  ch:send(i)
  local t = tri.after(60)
  tri.select { { ch }, { t } }
  t:stop()
end
for _ = 1, 100000 do tri.tick(60):stop() end
print "stopped"    --> stopped
for _ = 1, 100000 do tri.after(60) end
print "dropped"    --> dropped
local t = tri.after(60)
for _ = 1, 100000 do t:reset(60) end
print "reset"      --> reset
for _ = 1, 50000 do tri.shield(function() end, 60) end
print "shields"    --> shields
for _ = 1, 100000 do tri.after(0) tri.after(0):stop() end
print "due at once"  --> due at once
