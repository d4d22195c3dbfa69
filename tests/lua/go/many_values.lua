-- Two hundred, and ten thousand, arguments and results are passed in order.
local tri = require "trilune"
for _, n in ipairs { 200, 10000 } do
  local t = {}
  for i = 1, n do t[i] = i end
  local r = table.pack(tri.go(function(...)
    tri.yield()
    return ...
  end, table.unpack(t)):join())
  local right = r[1] == true
  for i = 1, n do right = right and r[i + 1] == i end
  print(r.n, right)
end
--> 201 true
--> 10001 true
