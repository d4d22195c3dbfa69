-- A wait works at the bottom of 150 nested coroutines, and errors come back up through all of them.
local tri = require "trilune"
local function nest(n, f)
  if n == 0 then return f() end
  return coroutine.wrap(nest)(n - 1, f)
end
local g = tri.go(nest, 150, function() tri.sleep(0.001) return "from below" end)
print(nest(150, function() tri.yield() return "bottom" end))        --> bottom
print(g:join())                                                     --> true from below
local object = {}
local ok, e = tri.go(nest, 150, function() tri.yield() error(object) end):join()
print(ok, e == object)                                              --> false true
