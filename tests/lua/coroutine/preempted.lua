-- A coroutine that is a goroutine and computes lets the others go first, at the
-- end of a slice; waits within it work everywhere.
local tri = require "trilune"
local stop = false
local hogs = {}
for i = 1, 3 do
  hogs[i] = tri.go(coroutine.create(function()
    local n = 0
    while not stop do n = n + 1 end
    coroutine.yield()
    return "stopped"
  end))
end
for _ = 1, 5 do tri.sleep(0.001) end
stop = true
for i = 1, 3 do print(hogs[i]:join()) end
--> true stopped
--> true stopped
--> true stopped
local endless = tri.go(coroutine.create(function() while true do pcall(function() while true do end end) end end))
tri.sleep(0.001)
endless:cancel("enough")
print(endless:join())                             --> false enough
-- Hooks of the coroutine are kept.
local lines = 0
local co = coroutine.create(function()
  local x = 1
  coroutine.yield()
  return x
end)
debug.sethook(co, function() lines = lines + 1 end, "l")
print(tri.go(co):join())                          --> true 1
print(lines >= 3)                                 --> true
