-- Closing a handle that another G reads from: the reader ends, waiters and later calls get errors.
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
local lines = tri.go(function() for _ in f:lines() do end end)
while lines:status() ~= "waiting" do tri.yield() end
print(f:close()) --> true
print(io.type(f), tostring(f)) --> closed file file (closed)
print(pcall(f.read, f)) --> false attempt to use a closed file
print(pcall(f.close, f)) --> false attempt to use a closed file
print(table.unpack({slow:join()}, 1, 2)) --> false close_while_in_use.lua:11: attempt to use a closed file
print(table.unpack({writer:join()}, 1, 2)) --> false close_while_in_use.lua:12: attempt to use a closed file
print(table.unpack({lines:join()}, 1, 2)) --> false close_while_in_use.lua:13: attempt to use a closed file
-- No input ever came.
print(reader:join()) --> true nil Bad file descriptor 9
w:close()

-- A child's pipe: close does not wait for the child then, the reader does.
local p = io.popen("sleep 0.05; exit 3")
reader = tri.go(function() return p:read("a") end)
slow = tri.go(function() return p:read("a") end)
while slow:status() ~= "waiting" do tri.yield() end
print(p:close()) --> true
print(reader:join()) --> true nil Bad file descriptor 9
print(table.unpack({slow:join()}, 1, 2)) --> false close_while_in_use.lua:29: attempt to use a closed file
f, p, reader, slow, writer, lines = nil
collectgarbage()
os.remove(fifo)
