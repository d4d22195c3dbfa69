-- select waits for events: {event} gives true once it is set.
local tri = require "trilune"
local sync = require "trilune.sync"
local never, stop, go = tri.chan(), sync.event(), sync.event()
print(tri.select{ { stop }, { go }, default = true })   --> default
tri.go(function() go:set() end)
print(tri.select{ { stop }, { never }, { go } })        --> 3 true
print(tri.select{ { go, "wait" }, { stop } })           --> 1 true
go:reset()
print(tri.select{ { go }, { stop }, timeout = 0 })      --> timeout

-- Set and reset at once: who waited has seen it.
tri.go(function() stop:set() stop:reset() end)
print(tri.select{ { go }, { stop } })                   --> 2 true
print(stop:wait(0))                                     --> nil timeout

-- Ready cases are chosen uniformly, events as well.
go:set()
local ch, counts = tri.chan(1), { 0, 0 }
for _ = 1, 400 do
  ch:trysend(1)
  local i = tri.select{ { go }, { ch } }
  counts[i] = counts[i] + 1
end
print(counts[1] > 100, counts[2] > 100)                 --> true true

-- A worker that a stop event ends.
local jobs, done = tri.chan(), 0
local worker = tri.go(function()
  while true do
    local i = tri.select{ { jobs }, { stop } }
    if i == 2 then return done end
    done = done + 1
  end
end)
for i = 1, 5 do jobs:send(i) end
stop:set()
print(worker:join())                                    --> true 5
