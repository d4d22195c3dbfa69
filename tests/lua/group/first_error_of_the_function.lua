-- The function's error counts from where it is raised, before the handlers on its way out: those of members come later.
local tri = require "trilune"
local pipe, group = tri.chan(), nil
local ok, err = pcall(tri.group, function(g)
  group = g
  local _ <close> = setmetatable({}, {__close = function()
    pipe:close()
    for _ = 1, 5 do tri.yield() end
    error("handler", 0)
  end})
  g:go(function() if not select(2, pipe:recv()) then error("broken pipe", 0) end end)
  tri.yield()
  error("cause", 0)
end)
print(ok, err)   --> false cause
for _, e in ipairs(group:errors()) do print(e.error, e.goroutine == tri.self(), e.traceback:match "[^\n]*$") end
--> cause true [C]: in ?
--> handler true [C]: in ?

-- The same in a generator that waits, where Lua unwinds in another way.
local step = coroutine.wrap(function()
  coroutine.yield "begun"
  local fine, e = pcall(tri.group, function(g)
    g:go(tri.sleep, 1000)
    coroutine.yield "in the function"
    error("cause", 0)
  end)
  return fine, e
end)
print(step())   --> begun
print(step())   --> in the function
print(step())   --> false cause
