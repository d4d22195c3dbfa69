-- after gives a channel that receives tri.now() once, not early.
local tri = require "trilune"
local before = tri.now()
local ch = tri.after(0.02)
print(ch:tryrecv())                                        --> false
local t, ok = ch:recv()
print(ok, math.type(t), t - before >= 0.02, t <= tri.now())  --> true float true true
print(ch:recv(0.02))                                       --> nil nil timeout
print(select(2, tri.after(0):recv()))                      --> true
