--! options --preempt strand
-- An event: set lets everybody through, until reset.
local tri = require "trilune"
local sync = require "trilune.sync"
local e = sync.event()
print(tostring(e):match("^event"))     --> event
print(e:wait(0))                       --> nil timeout
print(select("#", e:set()))            --> 0
print(e:wait(), e:wait(0))             --> true true
e:set()
print(e:wait())                        --> true
e:reset()
print(e:wait(0.001))                   --> nil timeout
e:reset()

-- All who wait are woken, in their order; also if it is reset at once.
local order = {}
for i = 1, 3 do
  tri.go(function()
    local woken = e:wait()
    order[#order + 1] = i .. tostring(woken)
  end)
end
tri.yield()
e:set()
e:reset()
print(#order, e:wait(0))               --> 0 nil timeout
tri.yield()
print(table.concat(order, " "))        --> 1true 2true 3true

-- A cancelled and a timed-out waiter lose their places.
local g = tri.go(e.wait, e)
tri.go(e.wait, e, 0.001)
tri.yield()
g:cancel("enough")
print(g:join())                        --> false enough
e:set()
print(e:wait())                        --> true

print(pcall(e.wait, e, -1))            --> false bad argument #2 to '?' (time is negative)
print(pcall(e.set))                    --> false bad argument #1 to '?' (event expected, got no value)
print(pcall(e.set, sync.mutex()))      --> false bad argument #1 to '?' (event expected, got mutex)
