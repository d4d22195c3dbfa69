-- The value of after waits for a receiver that comes late.
local tri = require "trilune"
local before = tri.now()
local ch = tri.after(0.002)
tri.sleep(0.03)
local t = ch:recv()
print(t - before >= 0.002, t - before <= tri.now() - before)   --> true true
print(ch:tryrecv())                                            --> false
