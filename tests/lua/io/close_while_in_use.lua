-- Closing a handle that another G reads from: waiters and later calls get errors, the reader its end.
local tri = require "trilune"
local fifo = os.tmpname()
os.remove(fifo)
assert(os.execute("mkfifo " .. fifo))
local w
local opener = tri.go(function() w = assert(io.open(fifo, "w")) end)
local f = assert(io.open(fifo))
assert(opener:join())
local reader = tri.go(function() return f:read(3) end)
local slow = tri.go(function() return f:read("a") end)
local writer = tri.go(function() return f:write("x") end)
while not (slow:status() == "waiting" and writer:status() == "waiting") do tri.yield() end
print(f:close()) --> true
print(io.type(f), tostring(f)) --> closed file file (closed)
print(pcall(f.read, f)) --> false attempt to use a closed file
print(pcall(f.close, f)) --> false attempt to use a closed file
print(slow:join()) --> false close_while_in_use.lua:11: attempt to use a closed file
print(writer:join()) --> false close_while_in_use.lua:12: attempt to use a closed file
w:write("abcdef")
w:flush()
print(reader:join()) --> true abc
w:close()

-- One that has to read more than it got finds the file closed.
opener = tri.go(function() w = assert(io.open(fifo, "w")) end)
f = assert(io.open(fifo))
assert(opener:join())
reader = tri.go(function() return f:read("a") end)
local lines = tri.go(function() for _ in f:lines() do end end)
while lines:status() ~= "waiting" do tri.yield() end
f:close()
w:write("abcdef")
w:flush()
print(reader:join()) --> true nil Bad file descriptor 9
print(lines:join()) --> false close_while_in_use.lua:30: attempt to use a closed file
f, reader, slow, writer, lines = nil
collectgarbage()
w:close()
os.remove(fifo)
