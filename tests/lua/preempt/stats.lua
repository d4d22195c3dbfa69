-- trilune.stats: integers that count, one for each P, and a table for each isolate.
--! options --procs 2 --slice 1ms
local tri = require "trilune"
local stats = tri.stats()
local names = {}
for name, value in pairs(stats) do
  names[#names + 1] = name
  local is_table = name == "schedticks" or name == "isolates" or name == "totals"
  if not is_table and (math.type(value) ~= "integer" or value < 0) then
    print(name, value)
  end
end
table.sort(names)
print(table.concat(names, " ", 1, 6))     --> goroutines handoffs idleprocs isolates memory preemptions
print(table.concat(names, " ", 7))        --> procs retakes schedticks sparehits sparemisses spares spinning steals stuck taken threads totals
print(stats.procs, #stats.schedticks >= 2, stats.goroutines)   --> 2 true 1
for _, n in ipairs(stats.schedticks) do assert(math.type(n) == "integer") end
local g = tri.go(tri.sleep, 1000)
print(tri.stats().goroutines)             --> 2
local stop = false
local hog = tri.go(function() while not stop do end end)
repeat until tri.stats().preemptions > stats.preemptions + 3
stop = true
hog:join()
local s = ("x"):rep(1 << 20)
print(tri.stats().memory > stats.memory + #s // 2, tri.stats().threads >= 1)   --> true true
