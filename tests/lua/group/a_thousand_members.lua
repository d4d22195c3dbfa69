-- A group of a thousand Gs adds up, in a main script and below a coroutine.
local tri = require "trilune"
local function sum()
  local total = 0
  tri.group(function(group)
    for i = 1, 1000 do
      group:go(function()
        tri.yield()
        total = total + i
      end)
    end
  end)
  return total
end
print(sum(), coroutine.wrap(sum)(), select(2, tri.go(sum):join()))   --> 500500 500500 500500
