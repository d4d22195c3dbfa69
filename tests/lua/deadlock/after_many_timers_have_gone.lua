-- Cancelled sleeps, waits that ended in time, stopped timers: none of them hides a deadlock.
--! exit 2
--! timeout 30
--! stderr ^fatal: all goroutines are asleep - deadlock!$
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local sync = require "trilune.sync"
local ch, m = tri.chan(), sync.mutex()
m:lock()
for i = 1, 200 do
  local sleeper = tri.go(tri.sleep, 1000)
  local receiver = tri.go(ch.recv, ch, 1000)
  local selecting = tri.go(tri.select, { { tri.chan() }, timeout = 1000 })
  local locker = tri.go(m.lock, m, 1000)
  local joiner = tri.go(sleeper.join, sleeper, 1000)
  local late = tri.go(tri.sleep, 0.0001 * (i % 7))
  tri.yield()
  if i % 2 == 0 then tri.yield() end
  ch:send(i)
  for _, g in ipairs { sleeper, selecting, locker, joiner } do g:cancel() end
  if i % 3 == 0 then late:cancel() end
  for _, g in ipairs { sleeper, receiver, selecting, locker, joiner, late } do g:join() end
  tri.after(1000):stop()
  local tick = tri.tick(0.0005)
  if i % 10 == 0 then tick:recv() end
  tick:stop()
  assert(ch:recv(0.0001) == nil)
end
print("waiting")   --> waiting
ch:recv()
