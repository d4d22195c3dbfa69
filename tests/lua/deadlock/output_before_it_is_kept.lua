-- What was printed before the deadlock is there, also from a full buffer.
--! exit 2
--! stderr ^fatal: all goroutines are asleep - deadlock!$
local tri = require "trilune"
io.stdout:setvbuf("full")
print("before")    --> before
io.write("without a newline")   --> without a newline
tri.chan():recv()
