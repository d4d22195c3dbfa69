-- The third result of joining a failed G is where it failed, through its coroutines; each join gives it.
local tri = require "trilune"

local function fail() error({}) end
local g = tri.go(function() fail() end)
for _ = 1, 2 do
  local ok, _, trace = g:join()
  print(ok, trace)
end
--> false stack traceback:
--> 	[C]: in function 'error'
--> 	join_gives_a_traceback.lua:4: in upvalue 'fail'
--> 	join_gives_a_traceback.lua:5: in function <join_gives_a_traceback.lua:5>
--> false stack traceback:
--> 	[C]: in function 'error'
--> 	join_gives_a_traceback.lua:4: in upvalue 'fail'
--> 	join_gives_a_traceback.lua:5: in function <join_gives_a_traceback.lua:5>

-- One that has failed before anybody waits for it, and one that fails later.
local early = tri.go(function() coroutine.wrap(function() error "inside" end)() end)
tri.yield()
print(select(3, early:join()))
--> stack traceback:
--> 	[C]: in function 'error'
--> 	join_gives_a_traceback.lua:20: in function <join_gives_a_traceback.lua:20>
--> resumed by:
--> 	[C]: in ?
--> 	join_gives_a_traceback.lua:20: in function <join_gives_a_traceback.lua:20>

-- What a cancelled G was cancelled with is no failure.
g = tri.go(tri.sleep, 1000)
tri.yield()
g:cancel("reason")
print(g:join())   --> false reason
