-- "Wait for any": a select over many goroutines gives the one that ended first,
-- and those that lose leave no trace.
local tri = require "trilune"
local n = 200
local gates, gs, cases = {}, {}, {}
for i = 1, n do
  gates[i] = tri.chan()
  gs[i] = tri.go(function() return i, gates[i]:recv() end)
  cases[i] = { gs[i] }
end
tri.yield()
-- In an order of its own, each by its own end.
local order, at = {}, 1
for i = 1, n do
  at = (at * 7) % 211
  while at > n do at = (at * 7) % 211 end
  order[i] = at
end
local bad = 0
for i = 1, n do
  tri.go(function() gates[order[i]]:send(i) end)
  local index, ok, number, value = tri.select(cases)
  if index ~= order[i] or not ok or number ~= order[i] or value ~= i then bad = bad + 1 end
  cases[order[i]] = { false }
end
print(bad)                                        --> 0
print(tri.select{ { gs[1] }, default = true })    --> 1 true 1 200 true

-- Several select on one goroutine, and one that joins it.
local g = tri.go(function() tri.yield() return "end" end)
local out = tri.chan(9)
for i = 1, 4 do
  tri.go(function() out:send(select("#", tri.select{ { g }, { tri.chan() } })) end)
end
print(g:join())                                   --> true end
for _ = 1, 4 do io.write((out:recv()), " ") end
print()                                           --> 3 3 3 3
