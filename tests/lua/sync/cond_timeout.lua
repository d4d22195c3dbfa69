-- A timed-out wait gives nil and "timeout", and holds the mutex again.
local tri = require "trilune"
local sync = require "trilune.sync"
local m = sync.mutex()
local c = sync.cond(m)
m:lock()
print(c:wait(0.002))                       --> nil timeout
print(m:trylock())                         --> false
m:unlock()
local g = tri.go(function()
  m:lock()
  local r, e = c:wait(0.001)
  local held = not m:trylock()
  m:unlock()
  return r, e, held
end)
tri.yield()
m:lock()
tri.sleep(0.005)
print(g:status())                          --> waiting
m:unlock()
print(g:join())                            --> true nil timeout true
