-- lines, of the library and of a file, with formats, errors and closing at the end.
--! same-as-lua
--! stdin first\nsecond\nthird
local name = os.tmpname()
local f = assert(io.open(name, "w"))
f:write("1 2\n3 4\nword\n")
f:close()
local function try(...)
  local t = table.pack(pcall(...))
  for i = 1, t.n do t[i] = tostring(t[i]):gsub("0x%x+", "PTR"):gsub(name, "NAME", 1) end
  print(table.unpack(t, 1, t.n))
end
for line in io.lines(name) do io.write("[", line, "]") end print()
for line in io.lines(name, "L") do io.write("[", line, "]") end print()
for a, b in io.lines(name, "n", "n") do print(a, b) end
for a, b, c in io.lines(name, 1, 0, "l") do print(a, b, c) end
for all in io.lines(name, "a") do print(#all) if all == "" then break end end
print(select("#", io.lines(name)))
local step, state, control, file = io.lines(name)
print(type(step), state, control, io.type(file))
print(step(), step(), step(), io.type(file), step(), io.type(file))
try(step)
try(io.lines, name, "x")
try(function() for _ in io.lines(name, "x") do end end)
try(function() for _ in io.lines(name, "n", "x") do end end)
try(function() for _ in io.lines(name, 1.5) do end end)
try(function() for _ in io.lines(name, {}) do end end)
try(io.lines, "no/such/file")
try(io.lines, {})
try(io.lines, true)
try(io.lines, name, table.unpack({}, 1, 251))
print(select("#", io.lines(name, table.unpack({}, 1, 250))))
f = assert(io.open(name))
try(f.lines, f, table.unpack({}, 1, 251))
for l in f:lines() do io.write(l, ";") end print(io.type(f))
step = f:lines()
print(step(), io.type(f))
f:close()
try(step)
try(f.lines, f)
try(f.lines)
try(f.lines, 1)
do
  local kept
  for l in io.lines(name) do
    kept = select(4, io.lines(name))
    break
  end
  print(io.type(kept))
end
do
  local it, _, _, closing = io.lines(name)
  for l in it, nil, nil, closing do break end
  print(io.type(closing))
end
f = assert(io.open(name, "w"))
try(function() for l in f:lines() do end end)
f:close()
try(function() for l in io.lines("/tmp") do end end)
for line in io.lines() do io.write("<", line, ">") end print()
print(io.type(io.stdin), io.read())
io.input(name)
for l in io.lines(nil, 1) do io.write(l) end print()
io.close(io.input())
try(io.lines)
try(io.lines, nil, "l")
os.remove(name)
