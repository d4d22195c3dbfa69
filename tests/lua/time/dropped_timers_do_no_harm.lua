-- Afters and ticks that nobody holds any more may be collected while they run.
local tri = require "trilune"
for i = 1, 200 do
  tri.after(i * 0.0001)
  tri.tick(0.001 + i * 0.0001)
  tri.after(1000):stop()
  if i % 20 == 0 then collectgarbage() tri.sleep(0.001) end
end
collectgarbage()
tri.sleep(0.02)
collectgarbage()
print("done")   --> done
