--! exit 2
--! stderr fatal: all goroutines are asleep - deadlock!
--! stderr goroutine 1 \[select, \d+ ms\]
--! stderr goroutine \d+ \[event wait, \d+ ms\]
-- Waits for events, and for ends of goroutines that never come, are a deadlock.
local tri = require "trilune"
local sync = require "trilune.sync"
local e = sync.event()
local g = tri.go(function() e:wait() end)
print("waits")        --> waits
tri.select{ { g }, { sync.event() }, { tri.chan() } }
