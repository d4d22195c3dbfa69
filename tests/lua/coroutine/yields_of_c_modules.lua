--! env LUA_CPATH=../?.so
--! options --preempt strand
-- A C function that yields by itself in a coroutine that is a goroutine gives
-- way as coroutine.yield does; it cannot send what it yields.
local tri = require "trilune"
local yielders = require "yielders"
local order = {}
local function steps(name, yield)
  return coroutine.create(function()
    for i = 1, 3 do
      order[#order + 1] = name .. i
      if select("#", yield(i, "value")) ~= (yield == yielders.yieldk and 1 or 0) then print("wrong") end
    end
    return name
  end)
end
local results = tri.scheduler{ steps("c", yielders.yield), steps("k", yielders.yieldk), steps("l", coroutine.yield) }
print(table.concat(order, " "))                   --> c1 k1 l1 c2 k2 l2 c3 k3 l3
print(results[1][2], results[2][2], results[3][2])   --> c k l
print(tri.go(coroutine.create(function() return yielders.yieldk(1, 2) end)):join())   --> true 0

-- Nested coroutines get the values as ever.
print(tri.go(coroutine.create(function()
  return coroutine.wrap(function() yielders.yield("inner") end)()
end)):join())                                     --> true inner

-- With a channel: a yield of nothing is a yield, a value raises where it was.
local ch = tri.chan(5)
print(tri.go({ values = ch }, coroutine.create(function()
  yielders.yield()
  coroutine.yield("sent")
  print(pcall(yielders.yield, "value"))
  print(pcall(function() local n = yielders.yieldk("value") return n end))
  return #ch
end)):join())
--> false a C function that yields by itself cannot send values
--> false a C function that yields by itself cannot send values
--> true 1

-- Cancelled: it raises there, and goes on raising.
local turns = 0
local g = tri.go(coroutine.create(function() while true do turns = turns + 1 yielders.yield() end end))
while turns == 0 do tri.yield() end
g:cancel("enough")
print(g:join())                                   --> false enough
local co = coroutine.create(function() yielders.yieldk() end)
coroutine.resume(co)
g = tri.go(co)
g:cancel("early")
print(g:join())                                   --> false early

-- In a goroutine of a function it raises as on the main script.
local _, err = tri.go(function() yielders.yield(1) end):join()
print(err)                                        --> attempt to yield from outside a coroutine
-- A coroutine that a C function has suspended becomes a goroutine.
co = coroutine.create(function() return "got", yielders.yield() end)
coroutine.resume(co)
print(tri.go(co, "argument"):join())              --> true got argument
