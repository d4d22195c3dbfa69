-- table.sort raises on an order function that contradicts itself, and stays usable.
--! same-as-lua
local t = {}
for i = 1, 200 do t[i] = i % 7 end
print(pcall(table.sort, t, function() return true end))
print(pcall(table.sort, { 1, "x", 2 }))
print(pcall(table.sort, { 3, 1, 2 }, 42))
table.sort(t)
print(t[1], t[200])
