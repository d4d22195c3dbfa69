-- A program that gets its own handle cannot join it.
local tri = require "trilune"
local ch = tri.channel()
local g = tri.spawn(function(ch)
  local me = ch:recv()
  return me:status(), pcall(me.join, me)
end, ch)
ch:send(g)
print(g:join())   --> true running false a goroutine cannot join the isolate it runs in
