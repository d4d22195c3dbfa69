-- A program's own G has a handle, as every other.
local tri = require "trilune"
print(tri.spawn(function()
  local tri = require "trilune"
  local g = tri.self()
  return g == tri.self(), tostring(g) == "goroutine " .. g:id(), g:status(),
    select(2, pcall(g.join, g))
end):join())  --> true true true running a goroutine cannot join itself
