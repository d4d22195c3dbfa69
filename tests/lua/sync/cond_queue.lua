-- A bounded queue built from a mutex and two conds passes every item on in order.
local tri = require "trilune"
local sync = require "trilune.sync"
local m = sync.mutex()
local not_full, not_empty = sync.cond(m), sync.cond(m)
local queue = {}
local function put(v)
  local held <close> = m:lock()
  while #queue == 3 do not_full:wait() end
  queue[#queue + 1] = v
  not_empty:signal()
end
local function take()
  local held <close> = m:lock()
  while #queue == 0 do not_empty:wait() end
  not_full:signal()
  return table.remove(queue, 1)
end
local producer = tri.go(function() for i = 1, 500 do put(i) if i % 50 == 0 then tri.yield() end end end)
for i = 1, 500 do assert(take() == i) end
print(producer:join())   --> true
