-- Long strings built by concat, rep, format and gsub are the same as stock's.
--! same-as-lua
local parts = {}
for i = 1, 5000 do parts[#parts + 1] = ("%05d:%x:%s;"):format(i, i * 31, ("ab"):rep(i % 5)) end
local s = table.concat(parts)
local sum = 0
for i = 1, #s do sum = (sum * 33 + s:byte(i)) % 4294967296 end
print(#s, sum)
local g = s:gsub("%d+", function(d) return #d % 2 == 0 and d:reverse() or nil end)
sum = 0
for _, c in utf8.codes(g) do sum = (sum * 31 + c) % 4294967296 end
print(#g, sum)
print(("%q"):format("a\n\0\"b\\"), ("%5.1f|%-6s|%+d|%g|%a"):format(3.14159, "x", 5, 1e20, 1))
print(string.pack("<i4z", 7, "zz"):byte(1, -1))
print(string.unpack(">I2 s1", "\1\2\3abc"))
