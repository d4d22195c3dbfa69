-- Tables that grow and shrink: arrays, hash parts, records, queues.
local rounds = tonumber(arg[1]) or 60

local sum = 0
for round = 1, rounds do
  for size = 1, 200 do
    local list, index = {}, {}
    for i = 1, size do list[i] = i end
    for i = 1, size do index["k" .. i] = i end
    sum = sum + #list + index["k" .. size]
  end
  local queue = {}
  for i = 1, 10000 do queue[#queue + 1] = {id = i, name = "n", round = round} end
  while #queue > 0 do sum = sum + table.remove(queue).id end
  local sparse = {}
  for i = 1, 20000, 7 do sparse[i] = {i} end
  for i = 1, 20000, 7 do sparse[i] = nil end
  for i = 1, 5000 do sparse[i * 1.5] = i end
end
print("result=" .. sum)
