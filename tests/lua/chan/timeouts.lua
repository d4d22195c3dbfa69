-- send and recv with a timeout give nil and "timeout", not earlier than asked.
local tri = require "trilune"
local ch, full = tri.chan(), tri.chan(1)
full:send(1)
local before = tri.now()
print(ch:recv(0.02))              --> nil nil timeout
print(tri.now() - before >= 0.02) --> true
before = tri.now()
print(ch:send("x", 0.02))         --> nil timeout
print(full:send("x", 0.02))       --> nil timeout
print(tri.now() - before >= 0.04) --> true
print(ch:recv(0))                 --> nil nil timeout
print(ch:send("x", 0))            --> nil timeout
print(full:send("x", 0))          --> nil timeout
print(full:recv(0), #full)        --> 1 0
print(ch:tryrecv())               --> false
--! both-channels
