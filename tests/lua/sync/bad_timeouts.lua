-- Every wait of trilune.sync refuses negative, NaN and non-number timeouts, and changes nothing.
local sync = require "trilune.sync"
local m, rw, s, wg = sync.mutex(), sync.rwmutex(), sync.semaphore(1), sync.waitgroup()
local free = sync.mutex()
local c = sync.cond(m)
m:lock()
wg:add()
for _, t in ipairs { -1, 0 / 0, -math.huge, "soon", {} } do
  for name, f in pairs {
    lock = function() free:lock(t) end, wlock = function() rw:lock(t) end, rlock = function() rw:rlock(t) end,
    acquire = function() s:acquire(1, t) end, wait = function() wg:wait(t) end, cond = function() c:wait(t) end,
  } do
    local ok, e = pcall(f)
    if ok or not e:find("bad argument #%d") then print(name, t, ok, e) end
  end
end
print(free:trylock(), rw:trylock(), s:count(), m:trylock())   --> true true 1 false
