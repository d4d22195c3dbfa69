-- coroutine.close accepts suspended and dead coroutines and refuses running and normal ones.
--! same-as-lua
local function boom() error("boom", 0) end
local fresh = coroutine.create(boom)
print("fresh", coroutine.close(fresh), coroutine.status(fresh))
local failed = coroutine.create(boom)
coroutine.resume(failed)
print("failed", coroutine.close(failed))
print("failed again", coroutine.close(failed))
local ended = coroutine.create(function() end)
coroutine.resume(ended)
print("ended", coroutine.close(ended))
print("running", pcall(coroutine.close, coroutine.running()))
local outer
outer = coroutine.create(function()
  coroutine.wrap(function() print("normal", pcall(coroutine.close, outer)) end)()
end)
coroutine.resume(outer)
coroutine.wrap(function() print("itself", pcall(coroutine.close, coroutine.running())) end)()
--> fresh true dead
--> failed false boom
--> failed again true
--> ended true
--> running false cannot close a running coroutine
--> normal false cannot close a normal coroutine
--> itself false cannot close a running coroutine
