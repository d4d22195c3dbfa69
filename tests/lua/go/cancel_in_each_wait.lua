-- cancel ends each kind of wait with the reason, and the next wait raises it again.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local sync = require "trilune.sync"
local parked = require "parked"
local nobody = tri.chan()
local forever = tri.go(function() nobody:recv() end)
local held, rw, read = sync.mutex(), sync.rwmutex(), sync.rwmutex()
held:lock() rw:lock() read:rlock()
local empty, wg, once = sync.semaphore(0), sync.waitgroup(), sync.once()
wg:add(1)
local runner = tri.go(once.call, once, function() tri.chan():recv() end)
local full = tri.chan(1)
full:send("full")
local each = {
  { "recv", function() nobody:recv() end },
  { "recv with timeout", function() nobody:recv(1000) end },
  { "send", function() tri.chan():send(1) end },
  { "send to a full buffer", function() full:send(1, 1000) end },
  { "sleep", function() tri.sleep(1000) end },
  { "sleep for ever", function() tri.sleep(math.huge) end },
  { "join", function() forever:join() end },
  { "select", function() tri.select { { nobody }, { tri.chan(), "send", 1 } } end },
  { "select of nothing", function() tri.select {} end },
  { "select with timeout", function() tri.select { { nobody }, timeout = 1000 } end },
  { "mutex", function() held:lock() end },
  { "rwmutex write", function() rw:lock(1000) end },
  { "rwmutex read", function() rw:rlock() end },
  { "rwmutex write after read", function() read:lock() end },
  { "semaphore", function() empty:acquire() end },
  { "waitgroup", function() wg:wait() end },
  { "cond", function() local m = sync.mutex() m:lock() sync.cond(m):wait() end },
  { "once", function() once:call(print) end },
  { "group", function() tri.group(function(group) group:go(tri.sleep, 1000) end) end },
  { "tick", function() tri.tick(1000):recv() end },
  { "after", function() tri.after(1000):recv() end },
  { "iter", function() for _ in nobody:iter() do end end },
}
parked(forever, runner)
for _, case in ipairs(each) do
  local reason = { case[1] }
  local again, second
  local g = parked(tri.go(function()
    local ok, e = pcall(case[2])
    again, second = pcall(tri.chan().recv, tri.chan())
    error(e)
  end))
  assert(g:cancel(reason) == true)
  local ok, e = g:join()
  if ok ~= false or e ~= reason or again or second ~= reason then print(case[1], ok, e, again, second) end
end
print(#each)                       --> 22
print(full:tryrecv())              --> true full true
runner:cancel() forever:cancel()
print(runner:join())               --> false cancelled
print(forever:join())              --> false cancelled
