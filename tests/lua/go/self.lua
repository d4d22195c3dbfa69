-- tri.self gives the running G, the same handle each time, from coroutines too.
local tri = require "trilune"
local main = tri.self()
local g
g = tri.go(function()
  return tri.self() == g, tri.self() ~= main, coroutine.wrap(function() return tri.self() == g end)()
end)
print(g:join())                                        --> true true true true
print(tri.self() == main, rawequal(tri.self(), main))  --> true true
local t = { [main] = "as a key" }
print(t[tri.self()])                                   --> as a key
