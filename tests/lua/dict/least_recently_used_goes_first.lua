-- A full dictionary forgets what was used least recently, and says so; expired values go before it.
local tri, dict = require "trilune", require "trilune.dict"
local d = dict.open("small", { size = "8K", shards = 1 })
local n = 0
repeat
  n = n + 1
  local ok, err, forcible = d:set("k" .. n, n)
  assert(ok and not err)
until forcible
print(d:get("k1"), d:get("k2"), d:stats().evicted)        --> nil 2 1
local _, _, again = d:set("new", 1)                       -- k2 was just used, k3 was not
print(again, d:get("k2"), d:get("k3"))                    --> true 2 nil
d:expire("k" .. n, 0.001)
d:expire("k5", 0.001)
tri.sleep(0.002)
print(d:set("more", 1))                                   --> true
print(d:get("k4"), d:get_stale("k5"))                     --> 4 nil
local s = d:stats()
print(s.used <= s.capacity, s.evicted, d:free_space() == s.capacity - s.used)   --> true 2 true
