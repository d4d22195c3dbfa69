--! both-channels
-- When the time is over each wait of the function raises, until it has ended.
local tri = require "trilune"
local sync = require "trilune.sync"
local ch, m, e = tri.chan(), sync.mutex(), sync.event()
m:lock()
local waits = {
  function() ch:recv() end, function() ch:send(1) end, function() tri.sleep(1000) end,
  function() m:lock() end, function() e:wait() end, function() tri.select{} end,
  function() tri.go(tri.sleep, 1000):join() end,
  function() tri.group(function(g) g:go(tri.sleep, 1000) end) end,
  function() table.sort({ 1, 2, 3 }, function() ch:recv() end) end,
  function() coroutine.wrap(function() ch:recv() end)() end,
  function() for _ in coroutine.wrap(function() ch:recv() end) do end end,
  function() pcall(ch.recv, ch) ch:recv() end,
}
for i, f in ipairs(waits) do
  local a, b = tri.timeout(0.002, f)
  if a ~= nil or b ~= "timeout" then print("wrong", i, a, b) end
end
print(#waits)                                       --> 12
-- Nothing of it is left: the same goroutine waits as ever.
print(ch:recv(0.001))                               --> nil nil timeout
print(m:lock(0.001))                                --> nil timeout
-- Without time it is interrupted at its first wait.
print(tri.timeout(0, function() ch:recv() end))     --> nil timeout
-- What it closes is closed.
local closed = 0
print(tri.timeout(0.001, function()
  local x <close> = setmetatable({}, { __close = function(_, err) closed = err end })
  ch:recv()
end), closed)                                       --> nil cancelled
