-- debug.traceback of a coroutine shows its own stack: suspended, failed, fresh and dead.
--! same-as-lua
local function deep(n)
  if n == 0 then coroutine.yield() error("failed") end
  deep(n - 1)
  return n
end
local co = coroutine.create(deep)
print(debug.traceback(co))
coroutine.resume(co, 3)
print(debug.traceback(co))
print(debug.traceback(co, "with a message"))
print(debug.traceback(co, "level 2", 2))
print(debug.traceback(co, nil, 1))
coroutine.resume(co)
print(debug.traceback(co, "failed"))
local ended = coroutine.create(function() end)
coroutine.resume(ended)
print(debug.traceback(ended, "ended"))
coroutine.wrap(function()
  coroutine.wrap(function() print(debug.traceback("innermost only")) end)()
  print(debug.traceback(coroutine.running(), "itself"))
end)()
