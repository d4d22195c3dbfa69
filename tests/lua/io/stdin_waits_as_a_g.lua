-- Isolates that wait for their turn with standard input go on with their other Gs; the wait is no deadlock, and can be
-- cancelled.
local tri = require "trilune"
local dir = arg[2] or os.tmpname()
if arg[1] ~= "reads" then
  os.remove(dir)
  assert(os.execute(("mkdir %s; mkfifo %s/in %s/out"):format(dir, dir, dir)))
  local child = tri.go(os.execute, ("exec /proc/$PPID/exe %s reads %s <%s/in >%s/out"):format(arg[0], dir, dir, dir))
  local to = assert(io.open(dir .. "/in", "w"))
  local from = assert(io.open(dir .. "/out"))
  -- It has read nothing yet.
  print(from:read()) --> all ticked
  print(from:read()) --> false stop
  to:write("1\n2\n3\n4\n"):close()
  print(from:read("n", "n")) --> 4 10
  print(child:join()) --> true true exit 0
  os.execute("rm -r " .. dir)
  return
end
local ticked = tri.channel()
local function program(ticked)
  local tri = require "trilune"
  local reader = tri.go(function() return tonumber(io.read()) end)
  while reader:status() ~= "waiting" do tri.yield() end
  for _ = 1, 20 do tri.sleep(0.001) end
  ticked:send(true)
  return select(2, assert(reader:join()))
end
local gs, sum, count = {}, 0, 0
for i = 1, 4 do gs[i] = tri.spawn(program, ticked) end
for _ = 1, 4 do ticked:recv() end
print("all ticked")
local fifth = tri.go(io.read)
while fifth:status() ~= "waiting" do tri.yield() end
fifth:cancel("stop")
print(fifth:join())
for _, g in ipairs(gs) do
  local _, n = assert(g:join())
  if n then sum, count = sum + n, count + 1 end
end
print(count, sum)
