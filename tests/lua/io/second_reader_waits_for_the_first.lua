-- Two Gs read from one pipe: each gets a whole line, in the order of their coming.
local tri = require "trilune"
local fifo = os.tmpname()
os.remove(fifo)
assert(os.execute("mkfifo " .. fifo))
local f
local writer = tri.go(function()
  local w = assert(io.open(fifo, "w"))
  tri.sleep(0.01)
  for _, part in ipairs { "fir", "st\nsec", "ond\n", "3", " ", "4 ", "end" } do
    w:write(part)
    w:flush()
    tri.sleep(0.002)
  end
  w:close()
end)
f = assert(io.open(fifo))
local got = {}
local gs = {}
for i, format in ipairs { "l", "L", "n", "n", "a" } do
  gs[i] = tri.go(function()
    local value = f:read(format)
    got[#got + 1] = tostring(value)
  end)
end
for _, g in ipairs(gs) do assert(g:join()) end
assert(writer:join())
print(table.concat(got, "|"))
--> first|second
--> |3|4| end
print(f:close()) --> true
os.remove(fifo)
