-- runnable, running, waiting, dead; tostring and id do not change.
local tri = require "trilune"
local ready, go_on = tri.channel(), tri.channel()
local g = tri.spawn(function(ready, go_on)
  ready:send(1)
  while not go_on:tryrecv() do end
  ready:send(2)
  go_on:recv()
end, ready, go_on)
local name, id = tostring(g), g:id()
local function until_it_is(status)
  while g:status() ~= status do tri.yield() end
  print(g:status())
end
ready:recv()
until_it_is "running"                           --> running
go_on:send(1)
ready:recv()
until_it_is "waiting"                           --> waiting
go_on:send(1)
g:join()
print(g:status())                               --> dead
print(tostring(g) == name, g:id() == id)        --> true true
print(name == ("goroutine %d (isolate 'status.lua:4')"):format(id))   --> true
print(math.type(id), tri.spawn(type, 1):id() > id)   --> integer true
