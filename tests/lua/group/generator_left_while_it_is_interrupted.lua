-- The waits that a failed group's function raises are its own: those outside its generator do not, nor after its close.
local tri = require "trilune"
local gen = coroutine.create(function()
  tri.group(function(group)
    group:go(function() tri.yield() error("member", 0) end)
    coroutine.yield((pcall(tri.sleep, 1000)))
    tri.sleep(1000)
  end)
end)
print(coroutine.resume(gen))      --> true false
print(pcall(tri.sleep, 0))        --> true
print(coroutine.close(gen))       --> true
print(pcall(tri.sleep, 0))        --> true
--! stderr error in goroutine \d+: member
