-- unlock gives the mutex to the G that waits: nobody else can take it in between.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local m = require "trilune.sync".mutex()
m:lock()
local g = parked(tri.go(function() m:lock() return "mine" end))
m:unlock()
print(m:trylock())       --> false
print(g:join())          --> true mine
print(m:trylock())       --> false
m:unlock()
print(m:trylock())       --> true
