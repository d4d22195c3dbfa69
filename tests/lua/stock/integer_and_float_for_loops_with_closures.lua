-- Each iteration has its own variable; loop bounds clip and never overflow.
--! same-as-lua
local fs = {}
for i = 1, 3 do fs[i] = function() i = i + 10 return i end end
print(fs[1](), fs[1](), fs[2](), fs[3]())
local n = 0
for i = math.maxinteger - 1, math.maxinteger do n = n + 1 end
for i = math.mininteger, math.mininteger + 2, 2 do n = n + 1 end
for i = 1, 0 do n = n + 100 end
for x = 0.0, 1, 0.25 do n = n + 1 end
for i = 3, 1, -1 do n = n + 1 end
print(n, pcall(function() for i = 1, 10, 0 do end end))
print(pcall(function() for i = "a", 2 do end end))
