-- acquire and add give what can be closed: it gives the permits back, or counts down.
local sync = require "trilune.sync"
local s, wg = sync.semaphore(5), sync.waitgroup()
do
  local one <close> = s:acquire()
  local three <close> = s:acquire(3)
  print(s:count(), s:acquire(2, 0))              --> 1 nil timeout
  local failed <close> = s:acquire(2, 0)
end
print(s:count())                                 --> 5
do
  local one <close> = wg:add()
  local two <close> = wg:add(2)
  print(wg:wait(0))                              --> nil timeout
  wg:add(-1)
  print(wg:wait(0))                              --> nil timeout
  wg:add(1)
end
print(wg:wait(0))                                --> true
local permit = s:acquire()
permit = nil                                     -- kept or not: it counts until it is released
collectgarbage()
print(s:count())                                 --> 4
s:release()
