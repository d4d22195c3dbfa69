-- With more isolates that compute than Ps, each request is answered: no P is taken from a thread that waits for a CPU.
--! options --procs 2 --slice 2ms
local tri = require "trilune"
local hogs = {}
for i = 1, 3 do hogs[i] = tri.spawn(function() while true do end end) end
local before = tri.stats()
repeat tri.sleep(0.001) until tri.stats().preemptions - before.preemptions >= 100
local taken = tri.stats().taken - before.taken
if taken > 2 then print("taken", taken) end
for _, g in ipairs(hogs) do g:cancel() end
