-- Tables made, filled, read, sorted and thrown away: the allocator and the
-- collector at work.
local rounds = tonumber(arg[1]) or 80

local function tree(depth)
  if depth == 0 then return {false, false} end
  return {tree(depth - 1), tree(depth - 1)}
end

local function count(node)
  if not node[1] then return 1 end
  return 1 + count(node[1]) + count(node[2])
end

local sum = 0
for round = 1, rounds do
  sum = sum + count(tree(13))
  local list = {}
  for i = 1, 10000 do list[i] = (i * 7919 + round) % 10007 end
  table.sort(list)
  local index = {}
  for i, v in ipairs(list) do index[v] = i end
  for k, v in pairs(index) do sum = sum + (k ~ v) end
  for i = 1, 5000 do list[#list + 1] = {id = i} end
  while #list > 10000 do sum = sum + table.remove(list).id end
end
print("result=" .. sum)
