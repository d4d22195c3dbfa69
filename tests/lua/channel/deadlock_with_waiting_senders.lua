-- Gs that wait for each other on shared channels that no other isolate holds are in a deadlock.
--! exit 2
--! stderr all goroutines are asleep - deadlock!
--! stderr goroutine 1 \[chan recv
--! stderr \[select
local tri = require "trilune"
local a, b, c = tri.channel(), tri.channel(1), tri.chan()
tri.go(function() b:send(1) b:send(2) end)
tri.go(tri.select, { { a }, { c } })
tri.go(c.recv, c)
a:recv()
