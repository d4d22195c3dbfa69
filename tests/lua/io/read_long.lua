-- Long lines, blocks and files are read whole, across all buffers.
--! same-as-lua
local name = os.tmpname()
local f = assert(io.open(name, "wb"))
local sum = 0
for i = 1, 3000 do
  local line = ("%d:"):format(i) .. ("\0abc\255"):rep(i % 67)
  f:write(line, "\n")
end
local long = ("long line "):rep(30000)
f:write(long, "\n", long)
f:close()
local function hash(s)
  local h = #s
  for i = 1, #s, 97 do h = (h * 31 + s:byte(i)) % 1000000007 end
  return h
end
f = assert(io.open(name, "rb"))
local all = f:read("a")
print(#all, hash(all), f:read("a"), f:read("l"), f:read(1), f:read(0))
print(f:seek("set"), f:read(#all) == all, f:read(1))
print(f:seek("set"), f:read(#all + 1) == all)
print(f:seek("set", 100000), hash(f:read(65536)), hash(f:read(65537)), hash(f:read(4096)), hash(f:read(1)))
print(f:seek("set"))
local count, bytes = 0, 0
for line in f:lines("L") do count = count + 1 bytes = bytes + #line sum = (sum * 7 + hash(line)) % 1000000007 end
print(count, bytes, sum)
print(f:seek("set"))
count = 0
for block in f:lines(4097) do count = count + 1 sum = (sum * 7 + hash(block)) % 1000000007 end
print(count, sum)
print(f:seek("set"))
local a, b, c, d = f:read(10, 70000, "l", "a")
print(hash(a), hash(b), hash(c), hash(d))
f:setvbuf("no")
print(f:seek("set", 5), hash(f:read(5000)), hash(f:read("l")), hash(f:read("a")))
f:close()
os.remove(name)
