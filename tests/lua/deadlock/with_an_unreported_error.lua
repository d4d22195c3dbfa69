-- Errors of Gs that nobody joined are reported beside the deadlock that they led to.
--! exit 2
--! stderr the reason for all this
--! stderr ^fatal: all goroutines are asleep - deadlock!$
local tri = require "trilune"
local ch = tri.chan()
tri.go(function()
  error("the reason for all this")
  ch:send("never")
end)
ch:recv()
