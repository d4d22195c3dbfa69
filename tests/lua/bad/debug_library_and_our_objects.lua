-- User values, metatables, C frames and upvalues of ours are not the debug library's to change.
local tri = require "trilune"
local sync = require "trilune.sync"
local dict = require "trilune.dict"

local mutex = sync.mutex()
local ch = tri.chan(4)
ch:send({}) ch:send("text")
local inner
tri.group(function(group) inner = group group:go(function() end) end)
local objects = {
  tri.self(), tri.go(function(...) return ... end, {}, "x"), ch, tri.chan(), tri.after(100), tri.channel(1), mutex,
  sync.rwmutex(), sync.semaphore(1), sync.waitgroup(), sync.cond(mutex), sync.once(), inner,
  dict.open("debug library"), tri.spawn(function() end), sync.event(), tri.tick(100),
}
local changed = 0
for _, object in ipairs(objects) do
  for n = 1, 8 do
    if debug.setuservalue(object, {}, n) ~= nil then changed = changed + 1 end
    if debug.getuservalue(object, n) ~= nil then changed = changed + 1 end
  end
  local before = debug.getmetatable(object)
  for _, mt in ipairs { false, {}, debug.getmetatable(tri.self()), debug.getmetatable(objects[6]) } do
    local ok, why = pcall(debug.setmetatable, object, mt or nil)
    if ok or why ~= "cannot change a protected metatable" then changed = changed + 1 end
  end
  if debug.getmetatable(object) ~= before then changed = changed + 1 end
end
print(changed)   --> 0

-- A file of the same size as a handle does not become one.
local of_files = debug.getmetatable(io.stdout)
for _, object in ipairs(objects) do
  local f = io.tmpfile()
  pcall(debug.setmetatable, f, debug.getmetatable(object))
  pcall(tri.self().join, f, 0) pcall(ch.recv, f, 0) pcall(objects[6].recv, f, 0) pcall(objects[15].join, f, 0)
  debug.setmetatable(f, of_files)
  f:close()
end

-- Upvalues of C functions.
local set = 0
for _, module in ipairs { tri, sync, dict, debug.getmetatable(ch).__index, debug.getmetatable(inner).__index } do
  for _, f in pairs(module) do
    for n = 1, 4 do
      if type(f) == "function" and debug.setupvalue(f, n, nil) then set = set + 1 end
    end
  end
end
print(set)       --> 0
collectgarbage() collectgarbage()
print(type(ch:recv()), ch:recv())   --> table text true
print(select(3, objects[2]:join())) --> x
