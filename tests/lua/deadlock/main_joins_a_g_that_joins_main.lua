-- Two Gs that join each other are a deadlock.
--! exit 2
--! stderr ^fatal: all goroutines are asleep - deadlock!$
--! stderr ^goroutine 1 \[join
--! stderr ^goroutine 2 \[join
local tri = require "trilune"
local main = tri.self()
tri.go(function() main:join() end):join()
