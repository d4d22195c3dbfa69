-- Gs make Gs: a tree of 2^12 leaves adds up.
local tri = require "trilune"
local function sum(from, to)
  if from == to then return from end
  local middle = (from + to) // 2
  local left, right = tri.go(sum, from, middle), tri.go(sum, middle + 1, to)
  return select(2, left:join()) + select(2, right:join())
end
print(sum(1, 4096))   --> 8390656
