--! exit 2
--! stderr fatal: all goroutines are asleep - deadlock!
--! stderr goroutine 2 \[chan recv, \d+ ms\]:\nstack traceback:\n.*method 'recv'
--! stderr goroutine 3 \[chan send, \d+ ms\]:\nstack traceback:\n.*method 'send'|goroutine 3 \[chan send
-- A deadlock's dump shows coroutines that are goroutines as all others.
local tri = require "trilune"
tri.go(coroutine.create(function() coroutine.yield() tri.chan():recv() end))
tri.go({ values = tri.chan() }, coroutine.create(function() coroutine.yield(1) end))
print("waits")        --> waits
tri.chan():recv()
