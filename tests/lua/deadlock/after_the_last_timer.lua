-- Once the last timer has fired, waiting for one more is a deadlock.
--! exit 2
--! stderr ^fatal: all goroutines are asleep - deadlock!$
--! stderr ^goroutine 1 \[chan recv
local tri = require "trilune"
local ch = tri.after(0.01)
print(select(2, ch:recv()))   --> true
ch:recv()
