-- A to-be-closed lock is unlocked at the end of its block: normal, by error, by cancellation.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local m = require "trilune.sync".mutex()
do
  local held <close> = m:lock()
  print(m:trylock())                                   --> false
end
print(m:trylock())                                     --> true
m:unlock()
print(pcall(function() local held <close> = m:lock(); error("E", 0) end))   --> false E
print(m:trylock())                                     --> true
m:unlock()
local g = parked(tri.go(function() local held <close> = m:lock(); tri.sleep(1000) end))
print(m:trylock())                                     --> false
g:cancel()
g:join()
print(m:trylock())                                     --> true
