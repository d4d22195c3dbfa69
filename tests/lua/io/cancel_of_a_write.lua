-- A cancel ends a write that waits for room, in a file of the script's own; closing the file in another G does, too.
local tri = require "trilune"
local name = os.tmpname()
os.remove(name)
assert(os.execute("mkfifo " .. name))
local both = assert(io.open(name, "r+"))
both:setvbuf("no")
-- In tri.atomic a write raises where it would wait: then the FIFO is full.
repeat until not pcall(tri.atomic, both.write, both, ("x"):rep(4096))
local function writer() both:write(("x"):rep(1000000)) return both:write("never") end
local g = tri.go(writer)
while g:status() ~= "waiting" do tri.yield() end
local second = tri.go(function() return both:write("y") end)
while second:status() ~= "waiting" do tri.yield() end
g:cancel("stop")
print(g:join()) --> false stop
second:cancel("stop")
print(second:join()) --> false stop
local other = assert(io.open(name, "r+"))
other:setvbuf("no")
g = tri.go(function() return other:write("more") end)
while g:status() ~= "waiting" do tri.yield() end
print(other:close()) --> true
print(g:join()) --> true nil Bad file descriptor 9
-- A cancelled G does not begin to wait.
g = tri.go(function()
  tri.self():cancel("now")
  both:write(("x"):rep(1000000))
end)
print(g:join()) --> false now
os.remove(name)
