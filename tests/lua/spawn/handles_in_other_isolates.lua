-- A handle may be sent: each isolate that has one may join, cancel, and look.
local tri = require "trilune"
local gate = tri.channel()
local g = tri.spawn({ name = "one" }, function(gate) return gate:recv() end, gate)
local joiners = {}
for i = 1, 3 do
  joiners[i] = tri.spawn(function(g, i) return g:id(), tostring(g), g:join() end, g, i)
end
gate:send("value")
for i = 1, 3 do
  local ok, id, name, ended, value = joiners[i]:join()
  assert(ok and id == g:id() and name == tostring(g) and ended, name)
  print(value)   -->value
end
--> value
--> value
print(tri.spawn(function(g) return g end, g):join() and select(2, tri.spawn(function(g) return g end, g):join()) == g)   --> true
-- From a program that cancels the one that waits for it.
local a = tri.spawn(function() require("trilune").sleep(1000) end)
print(tri.spawn(function(a) return a:cancel("by another") end, a):join())   --> true true
print((select(2, a:join())))                                                --> by another
