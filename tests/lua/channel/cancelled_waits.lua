-- A cancelled G leaves its channel: its value is not sent, and it takes none.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.channel()
local g = parked(tri.go(ch.send, ch, "never sent"))
g:cancel("stop")
print(g:join())                          --> false stop
print(ch:recv(0))                        --> nil nil timeout
g = parked(tri.go(ch.recv, ch))
g:cancel()
print(g:join())                          --> false cancelled
print(ch:trysend("not taken"))           --> false
g = tri.go(function()
  tri.self():cancel("before")
  print(pcall(ch.send, ch, 1))           --> false before
  print(pcall(ch.recv, ch))              --> false before
  print(pcall(tri.select, { { ch, "send", 1 } }))   --> false before
end)
print(g:join())                          --> true
print(ch:recv(0))                        --> nil nil timeout
