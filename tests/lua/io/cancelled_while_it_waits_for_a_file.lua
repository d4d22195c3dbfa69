-- A G that waits for a busy file can be cancelled; a cancelled one does not enter the kernel to wait.
local tri = require "trilune"
local fifo = os.tmpname()
os.remove(fifo)
assert(os.execute("mkfifo " .. fifo))
local w
local opener = tri.go(function() w = assert(io.open(fifo, "w")) end)
local f = assert(io.open(fifo))
assert(opener:join())
local reader = tri.go(function() return f:read() end)
local cancelled = tri.go(function() return f:read() end)
local last = tri.go(function() return f:read() end)
while last:status() ~= "waiting" do tri.yield() end
cancelled:cancel("enough")
print(cancelled:join()) --> false enough
w:write("1\n2\n")
w:flush()
print(reader:join()) --> true 1
print(last:join()) --> true 2

local log = os.tmpname()
local cleaning = tri.go(function()
  tri.self():cancel("stop")
  print(pcall(f.read, f)) --> false stop
  print(pcall(os.execute, "true")) --> false stop
  print(pcall(f.lines(f))) --> false stop
  -- What it has to say, it may say.
  local out <close> = assert(io.open(log, "w"))
  out:write("said\n")
  io.stdout:write("said\n") --> said
  io.stdout:flush()
end)
cleaning:join()
print(io.open(log):read()) --> said
-- The file is free again.
w:write("3\n")
w:flush()
print(f:read()) --> 3
w:close()
f:close()
os.remove(log)
os.remove(fifo)
