-- coroutine.status is suspended, running, normal or dead, seen from inside and outside.
--! same-as-lua
local outer
local inner = coroutine.create(function()
  print("outer from inner", coroutine.status(outer))
  coroutine.yield()
end)
outer = coroutine.create(function()
  print("self", coroutine.status(coroutine.running()))
  coroutine.resume(inner)
  print("inner", coroutine.status(inner))
  coroutine.yield()
  error("x")
end)
local main = coroutine.running()
print(coroutine.status(main), coroutine.status(outer)) --> running suspended
coroutine.resume(outer)
--> self running
--> outer from inner normal
--> inner suspended
print(coroutine.status(outer))                         --> suspended
coroutine.resume(outer)
print(coroutine.status(outer))                         --> dead
print(coroutine.wrap(function() return coroutine.status(main) end)()) --> normal
