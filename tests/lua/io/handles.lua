-- Handles: type, tostring, metatable, garbage, close variables, and what is no handle.
--! same-as-lua
local name = os.tmpname()
local function try(...)
  local t = table.pack(pcall(...))
  for i = 1, t.n do t[i] = tostring(t[i]):gsub("0x%x+", "PTR"):gsub(name, "NAME", 1) end
  print(table.unpack(t, 1, t.n))
end
for _, v in ipairs { 1, "x", true, {}, print, io, io.stdin, coroutine.create(print) } do print(io.type(v)) end
try(io.type)
print(io.type(nil))
local f = assert(io.open(name, "w"))
print(type(f), io.type(f), (tostring(f):gsub("0x%x+", "PTR")), getmetatable(f).__name)
local keys = {}
for k in pairs(getmetatable(f)) do keys[#keys + 1] = k end
table.sort(keys)
print(table.concat(keys, " "))
keys = {}
for k in pairs(getmetatable(f).__index) do keys[#keys + 1] = k end
table.sort(keys)
print(table.concat(keys, " "))
keys = {}
for k in pairs(io) do keys[#keys + 1] = k end
table.sort(keys)
print(table.concat(keys, " "))
print(getmetatable(f) == getmetatable(io.stdout), debug.getregistry()["FILE*"] == getmetatable(f))
print(debug.getregistry()._IO_input == io.stdin, debug.getregistry()._IO_output == io.stdout)
print(f:close(), io.type(f), tostring(f))
try(f.close, f)
try(io.close, f)
try(f.nothing)
try(function() return f.x end)
try(function() f.x = 1 end)
try(function() return #f end)
try(getmetatable(f).__tostring, 1)
try(getmetatable(f).__tostring)
try(getmetatable(f).__gc, 1)
try(getmetatable(f).__close, {})
try(getmetatable(f).__gc, f)
local kept
do
  local g <close> = assert(io.open(name, "w"))
  g:write("closed by the block")
  kept = g
end
print(io.type(kept), io.open(name):read("a"))
try(function()
  local g <close> = assert(io.open(name, "w"))
  kept = g
  g:write("by the error")
  error("stop", 0)
end)
print(io.type(kept), io.open(name):read("a"))
do
  local g = assert(io.open(name, "w"))
  g:write("by the collector")
  g = nil
  collectgarbage()
  collectgarbage()
  print(io.open(name):read("a"))
end
f = assert(io.open(name))
getmetatable(f).__gc(f)
print(io.type(f), tostring(f))
getmetatable(f).__gc(f)
f = assert(io.open(name))
getmetatable(f).__close(f)
print(io.type(f))
getmetatable(f).__close(f)
try(io.open)
try(io.open, {})
try(io.open, name, {})
try(io.open, name, "bad")
try(io.open, "no/such/dir/file", "w")
try(io.open, "no\0such")
try(io.open, "/", "w")
try(io.open, 12345678)
f = assert(io.open("/"))
print(f:read())
print(f:read("a"))
print(f:read(0))
print(f:read(1))
print(f:close())
local t = assert(io.tmpfile())
print(io.type(t), t:write("tmp"):seek("set"), t:read("a"), t:close())
local many = {}
for i = 1, 200 do many[i] = assert(io.open(name)) end
many = nil
collectgarbage()
for i = 1, 3000 do assert(io.open(name)) if i % 200 == 0 then collectgarbage() end end
os.remove(name)
