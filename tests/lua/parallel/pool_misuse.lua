-- A pool within its own call, and sent elsewhere.
local par = require "trilune.parallel"
local tri = require "trilune"

local pool <close> = par.pool {workers = 1}
print(select(2, pcall(pool.map, pool, tostring, function()
  return (pool:map(tostring, {1}))
end)))  --> pool_misuse.lua:7: the pool is in use by this goroutine
print(select(2, pcall(pool.map, pool, tostring, function() pool:close() end)))
--> pool_misuse.lua:9: the pool is in use by this goroutine
print(select(2, pcall(tri.spawn, function() return pool end)):match "^cannot send a pool")
--> cannot send a pool
print(pcall(pool.map, {}, tostring, {}))
--> false calling 'map' on bad self (pool expected, got table)
print(pcall(pool.close, nil))  --> false calling 'close' on bad self (pool expected, got nil)
print(tostring(pool):match "^pool: ")  --> pool:
