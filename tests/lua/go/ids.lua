-- The main script is 1; ids rise with each G and are never used again.
local tri = require "trilune"
print(tri.self():id())                       --> 1
local a, b = tri.go(print), tri.go(print)
print(a:id() > 1, b:id() > a:id(), math.type(a:id()))   --> true true integer
--> 
--> 
a:join() b:join()
local last, seen = b:id(), {}
for _ = 1, 1000 do
  local g = tri.go(function() return tri.self():id() end)
  local _, id = g:join()
  assert(id == g:id() and id > last and not seen[id])
  seen[id], last = true, id
end
