-- Any G may unlock a mutex; unlocking one that nobody holds raises.
local tri = require "trilune"
local m = require "trilune.sync".mutex()
m:lock()
print(tri.go(m.unlock, m):join())                     --> true
local ok, e = pcall(m.unlock, m)
print(ok, e:match("unlock of unlocked mutex"))        --> false unlock of unlocked mutex
print(m:trylock())                                    --> true
