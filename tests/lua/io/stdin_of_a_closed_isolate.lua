-- An isolate that ends while it reads standard input, or waits for its turn, leaves the turn to the others.
local tri = require "trilune"
local dir = arg[2] or os.tmpname()
if arg[1] ~= "reads" then
  os.remove(dir)
  assert(os.execute(("mkdir %s; mkfifo %s/in %s/out"):format(dir, dir, dir)))
  local child = tri.go(os.execute, ("exec /proc/$PPID/exe %s reads %s <%s/in >%s/out"):format(arg[0], dir, dir, dir))
  local to = assert(io.open(dir .. "/in", "w"))
  local from = assert(io.open(dir .. "/out"))
  print(from:read()) --> ended
  to:write("input\n"):close()
  print(from:read()) --> true true input
  print(child:join()) --> true true exit 0
  os.execute("rm -r " .. dir)
  return
end
local ready = tri.channel()
-- Its function ends while another G reads.
local function program(ready)
  local tri = require "trilune"
  local reader = tri.go(io.read)
  while reader:status() ~= "waiting" do tri.yield() end
  ready:send(true)
end
-- This one never lets its G end in time: the isolate drops it.
local function stubborn(ready)
  local tri = require "trilune"
  local reader = tri.go(function() tri.shield(io.read, 100) end)
  while reader:status() ~= "waiting" do tri.yield() end
  ready:send(true)
end
local gs = { tri.spawn(program, ready), tri.spawn(stubborn, ready), tri.spawn(program, ready) }
for _ = 1, #gs do ready:recv() end
for _, g in ipairs(gs) do assert(g:join()) end
while #tri.stats().isolates > 1 do tri.sleep(0.001) end
print("ended")
print(tri.go(function() return pcall(io.read) end):join())
