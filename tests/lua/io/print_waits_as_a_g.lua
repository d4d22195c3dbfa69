-- A print into a full pipe lets the other Gs of its isolate, and other isolates, go on.
local tri = require "trilune"
local dir = arg[2] or os.tmpname()
if arg[1] ~= "prints" then
  os.remove(dir)
  assert(os.execute(("mkdir %s; mkfifo %s/ticked"):format(dir, dir)))
  local from = io.popen(("exec /proc/$PPID/exe %s prints %s"):format(arg[0], dir))
  -- It has printed more than a pipe has room for, and goes on.
  print(io.open(dir .. "/ticked"):read("a")) --> ticked, and in another isolate
  local lines = {}
  for line in from:lines() do lines[#lines + 1] = line end
  print(#lines[1], lines[2], #lines[3], lines[4]) --> 1000000 second 1000000 nil
  print(from:close()) --> true exit 0
  os.execute("rm -r " .. dir)
  return
end
local printer = tri.go(function() print(("x"):rep(1000000)) end)
while printer:status() ~= "waiting" do tri.yield() end
local second = tri.go(function() print("second") end)
while second:status() ~= "waiting" do tri.yield() end
-- A cancelled one may be cancelled while it waits for its turn.
local third = tri.go(function() print("never") end)
while third:status() ~= "waiting" do tri.yield() end
third:cancel("stop")
assert(select(2, third:join()) == "stop")
local ready = tri.channel()
local other = tri.spawn(function(ready)
  local tri = require "trilune"
  local printer = tri.go(function() io.write(("y"):rep(1000000), "\n") end)
  while printer:status() ~= "waiting" do tri.yield() end
  for _ = 1, 20 do tri.sleep(0.001) end
  ready:send(true)
  assert(printer:join())
end, ready)
ready:recv()
for _ = 1, 20 do tri.sleep(0.001) end
assert(io.open(dir .. "/ticked", "w")):write("ticked, and in another isolate"):close()
assert(printer:join() and second:join() and other:join())
