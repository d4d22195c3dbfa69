-- Gs that wait for a mutex get it in the order in which they came.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local m = require "trilune.sync".mutex()
local order, gs = {}, {}
m:lock()
for i = 1, 20 do
  gs[i] = parked(tri.go(function()
    m:lock()
    order[#order + 1] = i
    m:unlock()
  end))
end
m:unlock()
for _, g in ipairs(gs) do g:join() end
print(table.concat(order, " "))   --> 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
