-- Cancelling a coroutine that is a goroutine: while it waits, between yields,
-- and before it has run as one.
local tri = require "trilune"
local never = tri.chan()
local g = tri.go(coroutine.create(function() never:recv() end))
tri.yield()
print(g:cancel("waits"), g:join())                --> true false waits

local turns = 0
local co = coroutine.create(function() while true do turns = turns + 1 coroutine.yield() end end)
g = tri.go(co)
while turns == 0 do tri.yield() end
g:cancel("yields")
print(g:join())                                   --> false yields
print(coroutine.status(co))                       --> dead

-- One that has never run does not run.
co = coroutine.create(print)
tri.atomic(function()
  g = tri.go(co, "never")
  print(g:cancel("early"), g:status())            --> true dead
end)
print(g:join())                                   --> false early
print(coroutine.status(co), coroutine.resume(co)) --> dead false cannot resume dead coroutine
co = coroutine.create(print)
tri.atomic(function()
  g = tri.go({ values = never }, co, 1, 2, 3)
  g:cancel()
end)
print(g:join())                                   --> false cancelled

-- One that was suspended raises at its yield: handlers run, as in one that waits.
local log = {}
co = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function(_, e) log[#log + 1] = "closed by " .. e end })
  local ok, e = pcall(coroutine.yield, 1)
  log[#log + 1] = "caught " .. tostring(e)
  never:recv()
end)
coroutine.resume(co)
tri.atomic(function()
  g = tri.go(co, "argument")
  g:cancel("early")
  print(g:status())                               --> runnable
end)
print(g:join())                                   --> false early
print(table.concat(log, ", "))                    --> caught early, closed by early
print(coroutine.status(co))                       --> dead

-- It may cancel itself; the next yield raises.
print(tri.go(coroutine.create(function() tri.self():cancel("self") coroutine.yield() end)):join())  --> false self
