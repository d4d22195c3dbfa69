-- Binary trees: many small tables of one size, most of them short-lived.
local depth = tonumber(arg[1]) or 15

local function tree(level)
  if level == 0 then return {} end
  return {tree(level - 1), tree(level - 1)}
end

local function count(node)
  local left = node[1]
  if left == nil then return 1 end
  return 1 + count(left) + count(node[2])
end

local kept = tree(depth)
local sum = 0
for level = 4, depth, 2 do
  for _ = 1, 1 << (depth - level + 4) do sum = sum + count(tree(level)) end
end
print("result=" .. sum + count(kept))
