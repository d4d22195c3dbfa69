-- lock gives the mutex, trylock a boolean, unlock nothing; a held mutex refuses trylock and times out.
local tri = require "trilune"
local m = require "trilune.sync".mutex()
print(m:lock() == m, m:trylock())           --> true false
print(tri.go(m.lock, m, 0.002):join())      --> true nil timeout
print(m:lock(0))                            --> nil timeout
print(select("#", m:unlock()))              --> 0
print(m:trylock(), m:trylock())             --> true false
m:unlock()
print(m:lock(5) == m)                       --> true
