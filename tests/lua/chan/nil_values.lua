-- nil can be sent and received, directly and through a buffer.
local tri = require "trilune"
local ch, buffered = tri.chan(), tri.chan(2)
local g = tri.go(function() return ch:send(nil), ch:send() end)
print(ch:recv())                 --> nil true
print(ch:recv())                 --> nil true
print(g:join())                  --> true true true
print(buffered:send(nil), buffered:trysend(nil), #buffered)   --> true true 2
print(buffered:recv())           --> nil true
print(buffered:tryrecv())        --> true nil true
print(buffered:tryrecv())        --> false
--! both-channels
