-- status is runnable, running, waiting or dead.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local main = tri.self()
print(main:status())                                   --> running
local ch = tri.chan()
local g = tri.go(function()
  local me, mains = tri.self():status(), main:status()
  ch:recv()
  tri.yield()
  return me, mains
end)
print(g:status())                                      --> runnable
tri.yield()
print(g:status())                                      --> waiting
ch:send(1)
print(g:status())                                      --> runnable
print(g:join())                                        --> true running runnable
print(g:status())                                      --> dead
local f = tri.go(error)
print(table.unpack({f:join()}, 1, 2))                                        --> false nil
print(f:status())                                      --> dead
print(tri.go(function() return main:status() end):join()) --> true waiting
