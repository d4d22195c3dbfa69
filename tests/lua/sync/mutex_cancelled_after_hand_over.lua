-- A G that is cancelled after the mutex was handed to it does not leave it locked for ever.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local m = require "trilune.sync".mutex()
m:lock()
local g = parked(tri.go(function()
  local held <close> = m:lock()
  return "got it"
end))
m:unlock()
g:cancel()
g:join()
print(m:lock(0) == m)   --> true
