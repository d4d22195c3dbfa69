-- A caller that is cancelled before its Gs have run ends, and they never run.
local tri = require "trilune"
local g = tri.go(function()
  tri.group(function(group)
    group:go(print, "never")
    group:go(print, "never")
    tri.self():cancel("stop")
  end)
end)
print(g:join())    --> false stop
local h = tri.go(function()
  tri.group(function(group)
    group:go(print, "never")
    tri.self():cancel("stop too")
    tri.sleep(1000)
  end)
end)
print(h:join())    --> false stop too
