-- signal wakes the longest waiter, broadcast all; each holds the mutex when wait returns.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local sync = require "trilune.sync"
local m = sync.mutex()
local c = sync.cond(m)
local order, gs = {}, {}
for i = 1, 5 do
  gs[i] = parked(tri.go(function()
    m:lock()
    local r = c:wait()
    order[#order + 1] = i
    assert(r == true and m:trylock() == false)
    m:unlock()
  end))
end
print(m:trylock())               --> true
c:signal()
m:unlock()
gs[1]:join()
print(table.concat(order, " "))  --> 1
m:lock()
c:broadcast()
m:unlock()
for i = 2, 5 do gs[i]:join() end
table.sort(order)
print(table.concat(order, " "), m:trylock())  --> 1 2 3 4 5 true
c:signal() c:broadcast()
