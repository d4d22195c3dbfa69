-- select waits for the ends of spawned programs, beside everything else.
local tri = require "trilune"
local sync = require "trilune.sync"
local never, shared, event = tri.chan(), tri.channel(), sync.event()

local p = tri.spawn(function(...) return "sum", ... end, 1, 2)
print(tri.select{ { never }, { p }, { shared }, { event } })   --> 2 true sum 1 2
print(tri.select{ { p, "join" }, default = true })             --> 1 true sum 1 2

local gate = tri.channel()
local waits = tri.spawn(function(g) return (g:recv()) end, gate)
print(tri.select{ { waits }, { never }, default = true })      --> default
print(tri.select{ { waits }, { shared }, timeout = 0.001 })    --> timeout
-- The same program twice, and its end as the answer to a send of the select.
local i = tri.select{ { gate, "send", "answer" }, { waits }, { waits } }
print(i)                                                       --> 1
local index, ok, value = tri.select{ { shared }, { waits }, { waits }, { event } }
print(index == 2 or index == 3, ok, value)                     --> true true answer

-- The losers are forgotten: another case wins, often.
waits = tri.spawn(function(g) return (g:recv()) end, gate)
local local_chan = tri.chan()
for _ = 1, 200 do
  tri.go(function() local_chan:send(1) end)
  if tri.select{ { waits }, { local_chan }, { shared } } ~= 2 then print("wrong") end
  tri.go(function() shared:send(1) end)
  if tri.select{ { shared }, { waits }, { local_chan } } ~= 1 then print("wrong") end
end
print(waits:status() ~= "dead")                                --> true
local g = tri.go(tri.select, { { waits }, { never } })
tri.yield()
g:cancel()
print(g:join())                                                --> false cancelled
waits:cancel("reason")
local _, ended, why = tri.select{ { waits }, { never } }
print(ended, why)                                              --> false reason

-- A program that waits for what its spawner does, by a handle that was sent.
local child = tri.spawn(function() require("trilune").sleep(0) return "child" end)
local parent = tri.spawn(function(c)
  local t = require "trilune"
  return select(3, t.select{ { t.chan() }, { c } })
end, child)
print(select(3, tri.select{ { parent }, { never } }))          --> child

-- Its own isolate's end it cannot await.
local me = tri.spawn(function(c)
  local h = c:recv()
  local fine, m = pcall(require("trilune").select, { { h } })
  return fine, m
end, gate)
gate:send(me)
print((select(3, me:join())))
--> bad argument #1 to 'select' (case 1: a goroutine cannot wait for the end of the isolate it runs in)
