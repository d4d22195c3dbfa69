-- A deadlock is no error that pcall could catch; close handlers and finalizers of the script do not hide it.
--! exit 2
--! stderr ^fatal: all goroutines are asleep - deadlock!$
local tri = require "trilune"
print("before")    --> before
pcall(function() tri.chan():recv() end)
print("not reached")
