-- While every G waits for a timer the program uses no CPU time to speak of.
local tri = require "trilune"
for _ = 1, 10 do tri.go(tri.sleep, 100) end
tri.sleep(0.05)
local cpu = os.clock()
tri.sleep(1)
local used = os.clock() - cpu
if used > 0.2 then print(used) end
print("done")   --> done
