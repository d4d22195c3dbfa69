-- Every format reads what stock Lua reads, alone and with others.
--! same-as-lua
local name = os.tmpname()
local function with(text)
  local f = assert(io.open(name, "wb"))
  assert(f:write(text) == f)
  assert(f:close())
  return assert(io.open(name, "rb"))
end
local function show(...)
  local t = table.pack(...)
  for i = 1, t.n do
    local v = t[i]
    t[i] = type(v) == "string" and string.format("%q", v) or tostring(v)
  end
  print(t.n, table.concat(t, " "))
end
for _, text in ipairs { "", "\n", "a", "a\n", "a\nb", "a\n\nb\n", "\0x\0\n\0", "\r\n1" } do
  for _, format in ipairs { "l", "L", "a", "n", 0, 1, 3, 100, "*l", "*L", "*a", "*n", "line", "all", "number", "1", 2.0 } do
    local f = with(text)
    show(pcall(f.read, f, format))
    show(pcall(f.read, f, format))
    show(f:read("a"))
    f:close()
  end
  local f = with(text)
  show(f:read())
  show(f:read("l", "n", 2, "L", "a", "a", "l", 0))
  f:close()
end
local f = with("one two\n 12 0x1F\n3.5e2 last\n")
show(f:read(3, "l", "n", "n", "l", "n", 1, "a"))
show(f:read(0))
show(f:read("a"))
show(f:read("l", "a"))
show(f:read("a", "l"))
for _, bad in ipairs { "x", "", "*", "*x", " l", 1.5, true, "-1" } do
  show(pcall(f.read, f, bad))
  show(pcall(f.read, f, "a", bad))
end
show(pcall(f.read, f, nil))
show(pcall(f.read, f, {}))
show(pcall(f.read))
show(pcall(f.read, 1))
show(pcall(f.read, io))
f:close()
f = with("consumed before the error\nrest\n")
show(pcall(f.read, f, "l", "bad"))
show(f:read("a"))
show(pcall(f.read, f, table.unpack({}, 1, 260)))
f:close()
os.remove(name)
