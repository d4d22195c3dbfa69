-- Every wait inside trilune.atomic raises; what does not wait works; coroutine.yield across it raises.
local tri = require "trilune"
local sync = require "trilune.sync"
local ch, full, m = tri.chan(), tri.chan(1), sync.mutex()
full:send(1)
m:lock()
local g = tri.go(function() tri.sleep(0.01) end)
local waits = {
  sleep = function() tri.sleep(0.001) end,
  yield = function() tri.yield() end,
  recv = function() ch:recv() end,
  send = function() full:send(2) end,
  send_unbuffered = function() ch:send(1) end,
  select = function() tri.select { { ch } } end,
  join = function() g:join() end,
  lock = function() m:lock() end,
  group = function() tri.group(function(group) group:go(print, "never") end) end,
  in_a_coroutine = function() coroutine.wrap(tri.sleep)(0.001) end,
  in_a_comparator = function() table.sort({ 2, 1 }, function() tri.sleep(0.001) end) end,
}
for name, f in pairs(waits) do
  local ok, e = pcall(tri.atomic, f)
  if ok or not e:find("cannot wait inside trilune.atomic", 1, true) then print(name, ok, e) end
end
print(tri.atomic(function()
  return full:tryrecv(), full:trysend(2), m:trylock(), (tri.select { { ch }, default = true })
end))                                          --> true true false default
print(pcall(coroutine.wrap(function()
  tri.atomic(function() coroutine.yield() end)
end)))                                         --> false attempt to yield across a C-call boundary
print(tri.atomic(function()
  local f = coroutine.wrap(function() coroutine.yield "a" return "b" end)
  return f() .. f()
end))                                          --> ab
print(g:join())                                --> true
