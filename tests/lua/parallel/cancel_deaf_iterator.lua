-- An iterator that swallows its cancellation does not save the workers.
local par = require "trilune.parallel"
local tri = require "trilune"

for _, kind in ipairs {"own", "pool"} do
  local pool = par.pool {workers = 2}
  local beats, n = tri.channel(1), 0
  local function work()
    while true do beats:send(true) end
  end
  local function numbers()
    n = n + 1
    if n <= 2 then return n end
    while true do pcall(function() while true do end end) end
  end
  local g = tri.go(function()
    if kind == "own" then
      pcall(par.map, work, numbers, {chunk = 1, workers = 2})
    else
      pool:map(work, numbers, {chunk = 1})
    end
  end)
  beats:recv()
  g:cancel("stop")
  print(kind, g:join())
  -- One may be in the buffer; nobody sends another.
  beats:tryrecv()
  print(beats:tryrecv())
  pool:close()
end
--> own false stop
--> false
--> pool false stop
--> false
