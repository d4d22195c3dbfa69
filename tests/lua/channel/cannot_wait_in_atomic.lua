-- A channel operation that would have to wait raises inside tri.atomic, and leaves nothing behind.
local tri = require "trilune"
local ch = tri.channel(1)
tri.atomic(function()
  print(ch:send(1))                                --> true
  print(pcall(ch.send, ch, 2))                     --> false cannot wait inside trilune.atomic
  print(ch:recv())                                 --> 1 true
  print(pcall(ch.recv, ch))                        --> false cannot wait inside trilune.atomic
  print(pcall(tri.select, { { ch } }))             --> false cannot wait inside trilune.atomic
end)
print(#ch, ch:recv(0))                             --> 0 nil nil timeout
