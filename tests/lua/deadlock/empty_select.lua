-- A select of no cases, or of nil channels only, waits for ever.
--! exit 2
--! stderr ^fatal: all goroutines are asleep - deadlock!$
--! stderr ^goroutine 1 \[select
--! stderr ^goroutine 2 \[select
local tri = require "trilune"
tri.go(function() tri.select { { nil }, { false, "send", 1 } } end)
tri.select {}
