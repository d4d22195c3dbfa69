--! options --preempt strand
-- scheduler runs a list of coroutines by turns, and gives what their joins give.
local tri = require "trilune"
local order = {}
local function task(name, n)
  return coroutine.create(function()
    for i = 1, n do
      order[#order + 1] = name .. i
      coroutine.yield(name .. i)
    end
    if name == "b" then error("b failed", 0) end
    return name, n
  end)
end
local results = tri.scheduler{ task("a", 3), task("b", 1), task("c", 2) }
print(table.concat(order, " "))                  --> a1 b1 c1 a2 c2 a3
for i = 1, 3 do
  local r = results[i]
  print(r.n >= 2, r[1], r[2], i ~= 2 and r[3] or "")
end
--> true true a 3
--> true false b failed
--> true true c 2
print(#tri.scheduler{})                          --> 0

-- Their values may go to a channel.
local ch = tri.chan(10)
tri.scheduler({ task("x", 2), task("y", 2) }, { values = ch })
for _ = 1, 4 do io.write((ch:recv()), " ") end
print()                                          --> x1 y1 x2 y2

-- Anywhere: in a sort comparator, in a generator, in a scheduler.
table.sort({ 1, 2 }, function(a, b) tri.scheduler{ task("s", 2) } return a < b end)
print(coroutine.wrap(function() return tri.scheduler{ task("g", 1) }[1][2] end)())  --> g
local inner = coroutine.create(function() return tri.scheduler{ task("i", 1) }[1][2] end)
print(tri.scheduler{ inner }[1][2])              --> i
-- Within a timeout, with tasks that wait.
print(tri.timeout(0.001, tri.scheduler, { coroutine.create(function() tri.chan():recv() end) }))
--> nil timeout
