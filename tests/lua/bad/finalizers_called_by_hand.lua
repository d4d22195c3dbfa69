-- Calling the __gc or __close of a handle with something else, or twice, is an error or nothing, never a crash.
local tri = require "trilune"
local sync = require "trilune.sync"
for _, object in ipairs {
  tri.self(), tri.chan(1), sync.mutex(), sync.rwmutex(), sync.semaphore(1), sync.waitgroup(), sync.once(),
} do
  local mt = debug.getmetatable(object)
  for _, event in ipairs { "__gc", "__close", "__len", "__tostring", "__index" } do
    local f = type(mt) == "table" and mt[event]
    if type(f) == "function" then
      for _, v in ipairs { {}, 1, "x", io.stdout } do pcall(f, v, v) end
      pcall(f)
    end
  end
end
local ch = tri.chan(1)
local gc = debug.getmetatable(ch).__gc
ch:send("v")
if gc then pcall(gc, ch) pcall(gc, ch) end
pcall(ch.recv, ch, 0)
collectgarbage()
print("alive")   --> alive
