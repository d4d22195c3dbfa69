-- New Gs start, and woken ones go on, while ten others only compute.
--! options --procs 1 --slice 500us
local tri = require "trilune"
local sync = require "trilune.sync"
local stop = false
local hogs = {}
for i = 1, 10 do hogs[i] = tri.go(function() while not stop do end end) end
local depth = 0
local function deeper(n)
  depth = n
  if n < 20 then return select(2, tri.go(deeper, n + 1):join()) end
  return "bottom"
end
print(deeper(1), depth)                       --> bottom 20
local m, order = sync.mutex(), {}
m:lock()
local gs = {}
for i = 1, 5 do
  gs[i] = tri.go(function()
    m:lock()
    order[#order + 1] = i
    m:unlock()
  end)
end
tri.sleep(0.05)
m:unlock()
for i = 1, 5 do gs[i]:join() end
table.sort(order)
print(table.concat(order, " "))               --> 1 2 3 4 5
local group_sum = 0
tri.group(function(group)
  for i = 1, 10 do group:go(function() tri.sleep(0.001) group_sum = group_sum + i end) end
end)
print(group_sum)                              --> 55
stop = true
for i = 1, 10 do assert(hogs[i]:join()) end
