-- Thousands of goroutines wait, each for a key of its own, in one shard: each
-- gets its value, and a list's element goes to who waits for it.
local tri = require "trilune"
local d = require "trilune.dict".open("many waits", {shards = 1, size = "4M"})
local n, woken = 6000, 0
local gs = {}
for i = 1, n do
  gs[i] = tri.go(function()
    local value
    if i % 2 == 0 then value = d:wait("key" .. i) else value = d:blpop("key" .. i) end
    assert(value == i)
    woken = woken + 1
  end)
end
tri.yield()
for i = 1, n do
  if i % 2 == 0 then assert(d:set("key" .. i, i)) else assert(d:rpush("key" .. i, i)) end
end
for i = 1, n do gs[i]:join() end
print(woken)                                     --> 6000
-- And once more, one after the other.
local waiter = tri.go(function() return d:wait("last") end)
tri.yield()
d:set("last", "value")
print((select(2, waiter:join())))                --> value
