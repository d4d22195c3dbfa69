-- A coroutine that becomes a goroutine inside a shield is in that shield: a cancel before it runs waits for the end.
local tri = require "trilune"
for _, seconds in ipairs { math.huge, 60 } do
  local co = coroutine.create(function()
    tri.shield(function()
      coroutine.yield()
      print(pcall(tri.sleep, 0))           --> true
    end, seconds)
    print(pcall(tri.sleep, 0))             --> false reason
    tri.chan():recv()
  end)
  coroutine.resume(co)
  local g = tri.go(co)
  g:cancel "reason"
  print(g:join())                          --> false reason
end
--> true
--> false reason
--> false reason
