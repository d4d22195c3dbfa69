-- A wait in a finalizer raises "cannot block in a finalizer", whatever it waits for.
local tri = require "trilune"
local sync = require "trilune.sync"
local held, rw, wg = sync.mutex(), sync.rwmutex(), sync.waitgroup()
held:lock() rw:lock() wg:add(1)
local parked = tri.go(function() tri.chan():recv() end)
tri.yield()
local blockers = {
  { "recv", function() tri.chan():recv() end },
  { "send", function() tri.chan():send(1) end },
  { "select", function() tri.select { { tri.chan() } } end },
  { "sleep", function() tri.sleep(0.001) end },
  { "join", function() parked:join() end },
  { "mutex", function() held:lock() end },
  { "rlock", function() rw:rlock() end },
  { "wlock", function() rw:lock() end },
  { "semaphore", function() sync.semaphore(0):acquire() end },
  { "waitgroup", function() wg:wait() end },
  { "in a coroutine", function() coroutine.wrap(function() tri.chan():recv() end)() end },
  { "in sort", function() table.sort({ 2, 1 }, function() tri.chan():recv() end) end },
}
local messages = {}
for i, blocker in ipairs(blockers) do
  setmetatable({}, { __gc = function()
    local _, m = pcall(blocker[2])
    messages[i] = tostring(m):match("cannot block in a finalizer") or tostring(m)
  end })
end
collectgarbage() collectgarbage()
for i, blocker in ipairs(blockers) do
  if messages[i] ~= "cannot block in a finalizer" then print(blocker[1], messages[i]) end
end
print(#messages)           --> 12
parked:cancel()
print(parked:join())       --> false cancelled
