-- Calls its argument in a coroutine that was made when this was loaded.
local run = coroutine.wrap(function(f) while true do f = coroutine.yield(f()) end end)
run(function() end)
return run
