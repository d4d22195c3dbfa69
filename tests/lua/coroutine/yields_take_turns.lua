--! options --preempt strand
-- Coroutines that tri.go makes goroutines take turns by their plain
-- coroutine.yield, and end with what join gives.
local tri = require "trilune"
local function count(name, n)
  for i = 1, n do
    io.write(name, i, " ")
    coroutine.yield(name, i)
  end
  return name, n
end
local gs = {}
for i, name in ipairs{ "a", "b", "c" } do
  gs[i] = tri.go(coroutine.create(count), name, 4 - i)
end
for i = 1, 3 do gs[i] = table.pack(gs[i]:join()) end
print()
--> a1 b1 c1 a2 b2 a3
for i = 1, 3 do print(table.unpack(gs[i], 1, gs[i].n)) end
--> true a 3
--> true b 2
--> true c 1

-- A yield gives nothing back, whatever was yielded.
print(tri.go(coroutine.create(function() return select("#", coroutine.yield(1, 2, 3)) end)):join())  --> true 0
-- Many arguments and results.
local many = {}
for i = 1, 50 do many[i] = i end
print(select("#", tri.go(coroutine.create(function(...) coroutine.yield() return ... end),
  table.unpack(many)):join()))                                     --> 51
