-- A debug hook may wait: a debugger that lives in another G gets each line that runs.
local tri = require "trilune"
local ch, go_on = tri.chan(), tri.chan()
local lines = {}
local debugger = tri.go(function()
  for line in ch:iter() do
    lines[#lines + 1] = line
    go_on:send(true)
  end
end)
local function hook(_, line)
  ch:send(line)
  go_on:recv()
end
local worker = tri.go(function()
  debug.sethook(hook, "l")
  local x = 1
  for i = 1, 2 do
    x = x + i
  end
  debug.sethook()
  ch:close()
  return x
end)
print(worker:join())               --> true 4
debugger:join()
print(table.concat(lines, " "))    --> 17 18 19 18 19 18 21
