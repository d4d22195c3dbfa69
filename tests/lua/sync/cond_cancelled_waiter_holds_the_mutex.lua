-- A cancelled wait locks the mutex again before it raises, waiting for it if it must.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local sync = require "trilune.sync"
local m = sync.mutex()
local c = sync.cond(m)
local held
local g = parked(tri.go(function()
  m:lock()
  local ok, e = pcall(c.wait, c)
  held = not m:trylock()
  m:unlock()
  error(e, 0)
end))
m:lock()
g:cancel("stop")
tri.yield()
print(g:status(), held)    --> waiting nil
m:unlock()
print(g:join())            --> false stop
print(held, m:trylock())   --> true true
