-- Locked Gs that all wait are a deadlock.
--! exit 2
--! stderr ^fatal: all goroutines are asleep - deadlock!$
--! stderr ^goroutine 1 \[chan recv, \d+ ms\]:$
--! stderr ^goroutine 3 \[chan send, \d+ ms\]:$
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
tri.go(function() end)
tri.go(function() tri.lockthread() tri.sleep(0.002) tri.chan():send(1) end)
tri.lockthread()
tri.chan():recv()
