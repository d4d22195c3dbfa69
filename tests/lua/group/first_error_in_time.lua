-- The first error in time is raised, as it leaves the member's function: what its __close handlers make others do comes
-- later. group:errors() has all of them.
local tri = require "trilune"
local start, pipe, group = tri.chan(), tri.chan(), nil
local cause = {}
local ok, err = pcall(tri.group, function(g)
  group = g
  g:go(function()
    start:recv()
    local _ <close> = setmetatable({}, {__close = function() pipe:close() tri.yield() error("in the handler", 0) end})
    error(cause)
  end)
  g:go(function() if not select(2, pipe:recv()) then error("broken pipe", 0) end end)
  g:go(function()
    pcall(tri.sleep, 1000)
    error("on the way out", 0)
  end)
  tri.yield()
  start:close()
end)
print(ok, err == cause)   --> false true
local errors = group:errors()
for i, e in ipairs(errors) do
  print(i, e.error == cause and "cause" or e.error, math.type(e.goroutine:id()), e.goroutine:status())
end
--> 1 cause integer dead
--> 2 on the way out integer dead
--> 3 in the handler integer dead
print(errors[1].traceback)
--> stack traceback:
--> [C]: in function 'error'
--> first_error_in_time.lua:11: in function <first_error_in_time.lua:8>
print(errors[3].traceback)   --> nil
print(errors[1].goroutine:join())   --> false in the handler
