-- Unlocking a rwmutex that is not held that way raises.
local rw = require "trilune.sync".rwmutex()
print((pcall(rw.unlock, rw)), (pcall(rw.runlock, rw)))   --> false false
rw:rlock()
print((pcall(rw.unlock, rw)))                            --> false
rw:runlock()
rw:lock()
print((pcall(rw.runlock, rw)))                           --> false
rw:unlock()
print(rw:trylock())                                      --> true
