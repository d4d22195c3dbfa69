-- A G that writes into a full pipe waits until another G of its isolate reads.
local tri = require "trilune"
local fifo = os.tmpname()
os.remove(fifo)
assert(os.execute("mkfifo " .. fifo))
local big = ("0123456789abcdef"):rep(1 << 17)
local wrote = false
local writer = tri.go(function()
  local f = assert(io.open(fifo, "w"))
  assert(f:write("<", big, ">", big, 7) == f)
  wrote = true
  assert(f:close())
end)
local f = assert(io.open(fifo))
print(f:read(1), wrote) --> < false
print(f:read(#big) == big, f:read(1)) --> true >
print(f:read(#big) == big, f:read("n"), f:read("a")) --> true 7
print(writer:join(), wrote) --> true true
os.remove(fifo)
