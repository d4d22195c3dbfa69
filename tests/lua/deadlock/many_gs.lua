-- A deadlock of a thousand Gs is found, and the dump has them all.
--! exit 2
--! stderr ^fatal: all goroutines are asleep - deadlock!$
--! stderr ^goroutine 1 \[join
--! stderr ^goroutine 2 \[chan recv
--! stderr ^goroutine 500 \[chan recv
--! stderr ^goroutine 1001 \[chan recv
local tri = require "trilune"
local ch = tri.chan()
local last
for _ = 1, 1000 do last = tri.go(function() ch:recv() end) end
last:join()
