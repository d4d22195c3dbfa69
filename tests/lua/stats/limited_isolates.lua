-- Instructions and CPU time are shown where they are limited; an isolate that a limit ended is shown as such.
local tri = require "trilune"
local ch = tri.channel()
local g = tri.spawn({name = "metered", instructions = 1e9, cpu = 100}, function(ch)
  local n = 0
  for i = 1, 100000 do n = n + i end
  ch:send(n)
  ch:recv()
end, ch)
ch:recv()
for _, one in ipairs(tri.stats().isolates) do
  if one.name == "metered" then
    print(one.instructions > 100000, one.instructions < 1e7, one.cpu > 0)  --> true	true	true
  end
end
ch:send(1)
print(g:join())                               --> true
