-- Gs may add Gs to their group as long as it has not ended; it waits for those too.
local tri = require "trilune"
local n = 0
tri.group(function(group)
  local function split(depth)
    n = n + 1
    tri.yield()
    if depth > 0 then
      group:go(split, depth - 1)
      group:go(split, depth - 1)
    end
  end
  group:go(split, 6)
end)
print(n)   --> 127
