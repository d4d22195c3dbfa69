-- Many readers hold a rwmutex together; a writer waits for all of them, and holds it alone.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local rw = require "trilune.sync".rwmutex()
local gate, readers = tri.chan(), {}
local inside, log = 0, {}
for i = 1, 10 do
  readers[i] = parked(tri.go(function()
    rw:rlock()
    inside = inside + 1
    gate:recv()
    inside = inside - 1
    rw:runlock()
  end))
end
print(inside, rw:trylock())        --> 10 false
local writer = parked(tri.go(function() rw:lock() return inside, rw:tryrlock(), rw:trylock() end))
for i = 1, 10 do gate:send(true) end
print(writer:join())               --> true 0 false false
rw:unlock()
print(rw:tryrlock(), rw:tryrlock(), rw:trylock())   --> true true false
