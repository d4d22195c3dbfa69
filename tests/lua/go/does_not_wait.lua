-- tri.go does not wait: the new G runs when its maker next waits, yields or ends.
local tri = require "trilune"
local g = tri.go(print, "in the G")
print("before")
tri.yield()
print("after")
g:join()
tri.go(function() print("at the end of main: never") end)
--> before
--> in the G
--> after
