-- Round trips between two Gs over two unbuffered channels.
local tri = require "trilune"

local n = tonumber(arg[1]) or 1000000
local ping, pong = tri.chan(), tri.chan()

local start = tri.now()
tri.go(function()
  for v in ping:iter() do pong:send(v) end
  pong:close()
end)
local asker = tri.go(function()
  for i = 1, n do
    ping:send(i)
    local v = pong:recv()
    if v ~= i then error("got " .. tostring(v)) end
  end
  ping:close()
end)
assert(asker:join())
local seconds = tri.now() - start
print(("ns_per_op=%.2f"):format(seconds / n * 1e9))
