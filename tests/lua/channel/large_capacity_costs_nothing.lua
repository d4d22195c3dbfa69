-- The capacity is a limit: a channel with a large one takes memory only for what it holds.
local tri = require "trilune"
-- Of the process, in KB: a channel is not in the Lua heap.
local function used()
  local file <close> = io.open("/proc/self/status")
  return tonumber(file:read("a"):match("VmSize:%s*(%d+)"))
end
local before = used()
local chans = {}
for i = 1, 100 do chans[i] = tri.channel(1 << 30) end
for i = 1, 100 do chans[i]:send(i) end
print(used() - before < 1 << 20)                  --> true
print(chans[100]:recv())                         --> 100 true
