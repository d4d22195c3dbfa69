-- Making and dropping many small tables keeps the heap small.
--! same-as-lua
local function tree(depth)
  if depth == 0 then return {} end
  return { tree(depth - 1), tree(depth - 1) }
end
local function count(t) return t[1] and 1 + count(t[1]) + count(t[2]) or 1 end
local long = tree(12)
local total = 0
for _ = 1, 40 do total = total + count(tree(10)) end
print(total, count(long))                      --> 81880 8191
collectgarbage()
print(collectgarbage("count") < 4000)          --> true
