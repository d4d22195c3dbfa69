-- What lock and rlock give can be a to-be-closed variable.
local tri = require "trilune"
local rw = require "trilune.sync".rwmutex()
do
  local held <close> = rw:rlock()
  print(rw:trylock(), rw:tryrlock())   --> false true
  rw:runlock()
end
do
  local held <close> = rw:lock()
  print(rw:tryrlock())                 --> false
end
print(pcall(function() local held <close> = rw:rlock(); error("E", 0) end))   --> false E
print(rw:trylock())                    --> true
