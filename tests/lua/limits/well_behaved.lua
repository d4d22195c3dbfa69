-- A program within its limits ends as without them.
local tri = require "trilune"
local function program()
  local n = 0
  for i = 1, 1e5 do n = n + i end
  return n
end
print(tri.spawn({ time = 50, cpu = 50, instructions = 1e7, memory = "8M", goroutines = 2, message = "1M" }, program):join())
--> true 5000050000
