-- cancel makes the program's waits raise its reason, in computations too; a second one does nothing.
local tri = require "trilune"
local ready = tri.channel()
local function sleeper(ready) ready:send(1) require("trilune").sleep(1000) end
local function looper(ready) ready:send(1) while true do pcall(function() while true do end end) end end
local function try(f, ...)
  local g = tri.spawn(f, ready)
  ready:recv()
  print(g:cancel(...), g:cancel("again"), select(1, g:join()), (select(2, g:join())))
  print(g:cancel(), g:status())
end
try(sleeper)
--> true false false cancelled
--> false dead
try(sleeper, "why")
--> true false false why
--> false dead
try(looper, 12)
--> true false false 12
--> false dead
local g = tri.spawn(sleeper, ready)
ready:recv()
g:cancel({ code = 7 })
print(select(2, g:join()).code)   --> 7
-- It may catch that, and end well.
g = tri.spawn(function(ready)
  ready:send(1)
  return pcall(require("trilune").sleep, 1000)
end, ready)
ready:recv()
g:cancel("caught")
print(g:join())                   --> true false caught
