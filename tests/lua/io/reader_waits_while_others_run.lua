-- A G that reads from a silent pipe keeps no other G from running.
local tri = require "trilune"
local fifo = os.tmpname()
os.remove(fifo)
assert(os.execute("mkfifo " .. fifo))
local order = {}
local function add(event) order[#order + 1] = event end
local reader = tri.go(function()
  local f = assert(io.open(fifo)) -- waits for the writer below
  add("opened")
  local line = f:read()
  add("read " .. line)
  add("then " .. f:read("a"))
  f:close()
end)
local writer = tri.go(function()
  local f = assert(io.open(fifo, "w"))
  -- If the reader held the isolate, no tick would come.
  for _ = 1, 10 do tri.sleep(0.001) end
  add("ticked")
  f:write("line\n")
  f:flush()
  for _ = 1, 10 do tri.sleep(0.001) end
  add("ticked")
  f:write("rest")
  f:close()
end)
assert(reader:join())
assert(writer:join())
os.remove(fifo)
print(table.concat(order, ", ")) --> opened, ticked, read line, ticked, then rest
