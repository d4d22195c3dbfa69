-- Waiting for a stopped tick, or a stopped after, is a deadlock.
--! exit 2
--! stderr ^fatal: all goroutines are asleep - deadlock!$
--! stderr ^goroutine 1 \[select
local tri = require "trilune"
local tick, after = tri.tick(0.001), tri.after(0.001)
tick:stop() after:stop()
while tick:tryrecv() or after:tryrecv() do end
tri.select { { tick }, { after } }
