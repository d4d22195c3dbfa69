-- An error in one G does not disturb the others, and main goes on.
local tri = require "trilune"
local gs = {}
for i = 1, 10 do
  gs[i] = tri.go(function()
    tri.yield()
    if i % 2 == 0 then error("even", 0) end
    tri.yield()
    return i
  end)
end
local log = {}
for i = 1, 10 do log[i] = tostring(select(2, gs[i]:join())) end
print(table.concat(log, " "))   --> 1 even 3 even 5 even 7 even 9 even
