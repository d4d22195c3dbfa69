-- The methods of each object refuse objects of another kind.
local sync = require "trilune.sync"
local objects = {
  mutex = sync.mutex(), rwmutex = sync.rwmutex(), semaphore = sync.semaphore(1),
  waitgroup = sync.waitgroup(), cond = sync.cond(sync.mutex()), once = sync.once(),
}
local methods = {
  mutex = { "lock", "trylock", "unlock" }, rwmutex = { "lock", "trylock", "unlock", "rlock", "tryrlock", "runlock" },
  semaphore = { "acquire", "tryacquire", "release", "count" }, waitgroup = { "add", "done", "wait" },
  cond = { "wait", "signal", "broadcast" }, once = { "call" },
}
local n = 0
for kind, names in pairs(methods) do
  for _, name in ipairs(names) do
    for other, object in pairs(objects) do
      if other ~= kind then
        local ok, m = pcall(objects[kind][name], object, print)
        n = n + 1
        if ok or not m:find("bad argument #1") then print(kind, name, other, ok, m) end
      end
    end
    if pcall(objects[kind][name]) then print(kind, name, "without self") end
  end
end
print(n)   --> 100
