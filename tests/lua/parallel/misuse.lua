-- Misuse raises, and names the argument and the caller's line.
local par = require "trilune.parallel"

local function try(f, ...)
  local arguments = table.pack(...)
  print(select(2, pcall(function() local _ = f(table.unpack(arguments, 1, arguments.n)) end)))
end
try(par.map)
--> misuse.lua:6: bad argument #1 to 'map' (function or module name expected, got no value)
try(par.map, print)
--> misuse.lua:6: bad argument #2 to 'map' (list, range or iterator expected, got no value)
try(par.foreach, print, 7)
--> misuse.lua:6: bad argument #2 to 'foreach' (list, range or iterator expected, got number)
try(par.map, print, {}, 7)
--> misuse.lua:6: bad argument #3 to 'map' (table expected, got number)
try(par.reduce, print, {}, 0, 7)
--> misuse.lua:6: bad argument #4 to 'reduce' (table expected, got number)
try(par.map, print, {}, {chunk = 0})
--> misuse.lua:6: bad option 'chunk' (an integer from 1 to 1048576 expected, got 0)
try(par.map, print, {}, {workers = 1.5})
--> misuse.lua:6: bad option 'workers' (an integer from 1 to 1048576 expected, got 1.5)
try(par.map, print, {}, {timeout = "soon"})
--> misuse.lua:6: bad option 'timeout' (a time in seconds expected, got string)
try(par.map, print, {}, {n = -1})
--> misuse.lua:6: bad option 'n' (a length expected, got -1)
try(par.map, print, {}, {init = 1})
--> misuse.lua:6: bad option 'init' (function or module name expected, got 1)
try(par.map, print, {1}, {errors = true})
--> misuse.lua:6: bad option 'errors' (a table expected, got boolean)
-- Options of tri.spawn.
try(par.map, print, {1}, {wrong = 1})
--> misuse.lua:6: unknown option 'wrong'
try(par.reduce, print, {1}, 0, {memory = -1})
--> misuse.lua:6: bad option 'memory' (a size such as 67108864 or "64M" expected, got number)
try(par.pool, {time = 0})
--> misuse.lua:6: bad option 'time' (seconds above 0 expected, got number)
try(par.pool, 1)
--> misuse.lua:6: bad argument #1 to 'pool' (table expected, got number)
try(par.pool, {chunk = 1})
--> misuse.lua:6: unknown option 'chunk'
for _, length in ipairs {2.5, -1, "many"} do
  try(par.map, print, setmetatable({}, {__len = function() return length end}))
end
--> misuse.lua:6: bad argument #2 to 'map' (its length is no integer from 0 on)
--> misuse.lua:6: bad argument #2 to 'map' (its length is no integer from 0 on)
--> misuse.lua:6: bad argument #2 to 'map' (its length is no integer from 0 on)
local pool <close> = par.pool()
try(pool.map, pool, print, setmetatable({}, {__len = function() return 0.5 end}))
--> misuse.lua:6: bad argument #2 to 'map' (its length is no integer from 0 on)
try(pool.map, pool, print, {}, {workers = 1})
--> misuse.lua:6: unknown option 'workers'
try(pool.map, pool, print)
--> misuse.lua:6: bad argument #2 to 'map' (list, range or iterator expected, got no value)
