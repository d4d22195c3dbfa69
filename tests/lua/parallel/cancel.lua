-- Cancelling the caller cancels the workers; they have ended when it has.
local par = require "trilune.parallel"
local tri = require "trilune"

local alive = tri.channel(1000)
local g = tri.go(function()
  par.foreach(function(v)
    alive:send(v)
    while true do end
  end, par.range(1, 10), {workers = 2, chunk = 1})
end)
alive:recv()
alive:recv()
print(g:cancel("enough"))  --> true
print(g:join())  --> false enough
print(#alive)  --> 0

-- In a generator that is closed.
local co = coroutine.wrap(function()
  par.map(function(v)
    alive:send(v)
    while true do end
  end, function()
    coroutine.yield "asked"
    return 1
  end, {chunk = 1})
end)
print(co())  --> asked
co()
print(alive:recv())  --> 1 true
co = nil
collectgarbage()
local thread = coroutine.create(function()
  par.map(function() while true do end end, function() return coroutine.yield(1) end, {chunk = 1})
end)
coroutine.resume(thread)
coroutine.resume(thread, "element")
print(coroutine.close(thread), coroutine.status(thread))  --> true dead
