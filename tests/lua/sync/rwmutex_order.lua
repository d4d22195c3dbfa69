-- Readers and writers are served as they came: readers between two writers run together.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local rw = require "trilune.sync".rwmutex()
local log, gs = {}, {}
rw:lock()
for i, kind in ipairs { "r", "r", "w", "r", "w", "w", "r" } do
  gs[i] = parked(tri.go(function()
    if kind == "r" then rw:rlock() else rw:lock() end
    log[#log + 1] = kind .. i
    tri.yield()
    if kind == "r" then rw:runlock() else rw:unlock() end
  end))
end
rw:unlock()
for _, g in ipairs(gs) do assert(g:join()) end
local first_two = { log[1], log[2] }
table.sort(first_two)
print(table.concat(first_two, " "), table.concat(log, " ", 3))   --> r1 r2 w3 r4 w5 w6 r7
