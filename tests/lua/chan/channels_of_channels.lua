-- A reply channel sent over a channel brings the answer back to the right asker.
local tri = require "trilune"
local requests = tri.chan()
tri.go(function()
  for request in requests:iter() do
    tri.go(function() request.reply:send(request.n * request.n) end)
  end
end)
local gs = {}
for i = 1, 100 do
  gs[i] = tri.go(function()
    local reply = tri.chan()
    requests:send({ n = i, reply = reply })
    return reply:recv()
  end)
end
for i = 1, 100 do assert(select(2, gs[i]:join()) == i * i) end
requests:close()
print("all answered")   --> all answered
--! both-channels
