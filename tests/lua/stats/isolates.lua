-- tri.stats() lists every isolate with what it uses, and the totals; the numbers of others are read without them.
local tri = require "trilune"
local ch, done = tri.channel(), tri.channel()
local g = tri.spawn({name = "worker", memory = "16M"}, function(ch, done)
  local kept = string.rep("x", 1 << 20)
  collectgarbage()
  ch:send("ready")
  done:recv()
  return #kept
end, ch, done)
print(ch:recv())                              --> ready	true
local stats = tri.stats()
print(#stats.isolates, stats.totals.isolates) --> 2	2
local own, other
for _, one in ipairs(stats.isolates) do
  if one.self then own = one else other = one end
end
print(own.name, own.state, own.id == tri.self():id())      --> main	running	true
print(other.name, other.id == g:id(), other.goroutines)    --> worker	true	1
print(other.limit == 16 << 20, own.limit)                  --> true	nil
print(other.memory > 1 << 20, other.peak >= other.memory, other.reserved >= other.memory)  --> true	true	true
print(other.collections >= 1, other.sent, other.received)  --> true	1	1
print(other.exceeded, other.instructions, other.cpu)       --> false	0	0.0
print(other.age > 0 and other.age <= own.age)              --> true
print(stats.totals.memory >= own.memory + (1 << 20), stats.totals.goroutines)  --> true	2
done:send(true)
print(g:join())                               --> true	1048576
print(stats.sparehits + stats.sparemisses)    --> 1
