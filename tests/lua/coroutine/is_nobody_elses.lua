-- From tri.go to its end a coroutine is as one that runs: resume, close, wrap
-- and tri.go refuse it. Inside everything is as in a coroutine.
local tri = require "trilune"
local thread
local wrapped = coroutine.wrap(function() thread = coroutine.running() coroutine.yield() tri.chan():recv() end)
wrapped()
local gate = tri.chan()
local inside
local co = coroutine.create(function()
  local me, is_main = coroutine.running()
  inside = { me == co, is_main, coroutine.isyieldable(), coroutine.status(me), tri.self():status() }
  gate:recv()
  coroutine.yield()
  gate:recv()
end)
local g, g2 = tri.go(co), tri.go(thread)
local function refused(when)
  print(when, coroutine.status(co), coroutine.resume(co))
  print(pcall(coroutine.close, co))
  print(pcall(wrapped))
  print((select(2, pcall(tri.go, co))))
end
refused("before its first run")
--> before its first run normal false cannot resume non-suspended coroutine
--> false cannot close a normal coroutine
--> false cannot resume non-suspended coroutine
--> bad argument #1 to 'trilune.go' (the coroutine is a goroutine already)
tri.yield()
refused("while it waits")
--> while it waits normal false cannot resume non-suspended coroutine
--> false cannot close a normal coroutine
--> false cannot resume non-suspended coroutine
--> bad argument #1 to 'trilune.go' (the coroutine is a goroutine already)
while not inside do tri.yield() end
print(inside[1] ~= nil, table.unpack(inside, 2))   --> true false true running running
print(coroutine.isyieldable(co))                   --> true
gate:send(1)
refused("after a yield")
--> after a yield normal false cannot resume non-suspended coroutine
--> false cannot close a normal coroutine
--> false cannot resume non-suspended coroutine
--> bad argument #1 to 'trilune.go' (the coroutine is a goroutine already)
gate:send(2)
print(g:join())                                    --> true
print(coroutine.status(co), coroutine.resume(co))  --> dead false cannot resume dead coroutine
print(coroutine.close(co))                         --> true
g2:cancel()
print(g2:join())                                   --> false cancelled
print(pcall(wrapped))                              --> false cannot resume dead coroutine
