-- A channel that is sent arrives as the receiver's one handle of it, through itself and other isolates, too.
local tri = require "trilune"
local ch, other = tri.channel(2), tri.channel()
ch:send(ch)
print(ch:recv() == ch)                                 --> true
ch:send({ ch, { other }, ch })
local t = ch:recv()
print(t[1] == ch, t[2][1] == other, t[3] == ch)        --> true true true
local key = {}
key[t[1]] = "found"
print(key[ch])                                         --> found
local isolate = tri.spawn(function(a, b)
  assert(a ~= b)
  a:send({ b = b, same = a == a:recv() })
end, ch, other)
ch:send(ch)
print(isolate:join())                                  --> true
t = ch:recv()
print(t.b == other, t.same)                            --> true true
