-- A pool's workers stay: what they loaded and keep is there in the next call.
local par = require "trilune.parallel"

local pool = par.pool {workers = 1, init = function() Seen = 0 end}
local function count()
  Seen = Seen + 1
  return Seen
end
print(table.concat(pool:map(count, {1, 1}), " "))  --> 1 2
print(table.concat(pool:map(count, {1, 1}), " "))  --> 3 4
print(pool:foreach(count, {1}))  --> true
print(pool:reduce(math.max, {4, 6}))  --> 6

-- After an error there are new workers, which begin anew.
print(pcall(pool.map, pool, function() error("oops", 0) end, {1}))  --> false oops
print(table.concat(pool:map(count, {1, 1}), " "))  --> 1 2

-- Several Gs take turns.
local tri = require "trilune"
local results = tri.group(function(group)
  local gs = {}
  for i = 1, 5 do
    gs[i] = group:go(function() return pool:map(function(v) return v * i end, {i})[1] end)
  end
  local out = {}
  for i = 1, 5 do out[i] = select(2, gs[i]:join()) end
  return out
end)
print(table.concat(results, " "))  --> 1 4 9 16 25

pool:close()
pool:close()
print(select(2, pcall(function() return (pool:map(count, {1})) end)))
--> pool.lua:33: the pool is closed

-- init may fail.
local failing <close> = par.pool {init = function() error("no init", 0) end}
print(pcall(failing.map, failing, tostring, {1}))  --> false no init
-- A module's name.
local named <close> = par.pool {init = "lib.init", workers = 1}
print(named:map(function() return Greeting end, {1})[1])  --> hello
