-- A G that cancels itself goes on until its next wait.
local tri = require "trilune"
local g = tri.go(function()
  print(tri.self():cancel("by itself"))  --> true
  print("goes on")                       --> goes on
  tri.yield()
  print("not reached")
end)
print(g:join())                          --> false by itself
