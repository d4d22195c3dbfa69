-- cond wants a mutex; waiting without holding it raises.
local sync = require "trilune.sync"
for _, v in ipairs { 1, "m", {}, sync.rwmutex(), sync.semaphore(1) } do
  local ok, m = pcall(sync.cond, v)
  if ok or not m:find("bad argument #1") then print(v, ok, m) end
end
print((pcall(sync.cond)))                                   --> false
local m = sync.mutex()
local ok, e = pcall(function() sync.cond(m):wait(0.001) end)
print(ok, m:trylock())                                      --> false true
