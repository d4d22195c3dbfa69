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

-- So it is with those of what scripts never hold, which the registry and upvalues lead to.
local registry = debug.getregistry()
-- Stock Lua's do not look at what they get.
local stock = { [debug.getmetatable(io.stdout).__gc] = true, [debug.getmetatable(registry._CLIBS).__gc] = true }
local seen = {}
local function walk(value)
  if seen[value] then return end
  local kind = type(value)
  if kind ~= "table" and kind ~= "userdata" and kind ~= "function" then return end
  seen[value] = true
  if kind == "function" then
    for n = 1, 8 do
      local name, up = debug.getupvalue(value, n)
      if name == "" then walk(up) end
    end
    return
  end
  local mt = debug.getmetatable(value)
  if mt then walk(mt) end
  if kind ~= "table" then return end
  for _, event in ipairs { "__gc", "__close" } do
    local f = rawget(value, event)
    if type(f) == "function" and debug.getinfo(f, "S").what == "C" and not stock[f] then
      for _, v in ipairs { {}, 1, "x", io.stdout, sync.mutex(), tri.self(), tri.chan(), tri.channel() } do pcall(f, v) end
      pcall(f)
    end
  end
  for k, v in next, value do walk(k) walk(v) end
end
local dict = require "trilune.dict"
dict.open("finalizers by hand"):keys()
tri.select { { tri.channel(1), "send", "x" } }
walk(registry)
walk(tri) walk(sync) walk(dict)
collectgarbage() collectgarbage()
print("alive")   --> alive
