-- The dump tells for how long each G has waited.
--! exit 2
--! stderr ^goroutine 2 \[chan recv, [1-9]\d+ ms\]
local tri = require "trilune"
local ch = tri.chan()
tri.go(function() ch:recv() end)
tri.sleep(0.1)
ch = nil
tri.chan():recv()
