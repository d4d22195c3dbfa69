-- While one G sleeps the others go on; nobody waits for it.
local tri = require "trilune"
local woke = false
tri.go(function() tri.sleep(0.05) woke = true end)
local n = 0
while not woke do
  n = n + 1
  tri.yield()
end
print(n > 10)   --> true
