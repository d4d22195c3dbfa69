-- group:go gives a G like tri.go's: it can be joined, and gets its arguments.
local tri = require "trilune"
tri.group(function(group)
  local g = group:go(function(...) return select("#", ...), ... end, "a", nil)
  print(g:id() > 1, tostring(g) == "goroutine " .. g:id())   --> true true
  print(g:join())                                            --> true 2 a nil
  print(g:status())                                          --> dead
  print(group:go(setmetatable({}, { __call = function(_, v) return v end }), "called"):join())  --> true called
end)
