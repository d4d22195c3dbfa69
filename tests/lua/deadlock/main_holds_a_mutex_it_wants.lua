-- Locking a mutex a second time is a deadlock: it is not recursive.
--! exit 2
--! stderr ^fatal: all goroutines are asleep - deadlock!$
--! stderr ^goroutine 1 \[mutex lock, \d+ ms\]:$
local m = require "trilune.sync".mutex()
m:lock()
m:lock()
