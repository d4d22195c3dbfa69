-- Two hundred isolates alive at once, each with ten Gs and a channel to its neighbour: a token goes round.
local tri = require "trilune"
local N <const> = 200
local function program(from, to)
  local tri = require "trilune"
  local gate, ended = tri.chan(), 0
  for _ = 1, 9 do tri.go(function() gate:recv() ended = ended + 1 end) end
  for token in from:iter() do to:send(token + 1) end
  to:close()
  gate:close()
  while ended < 9 do tri.yield() end
  return ended
end
local first, spawned = tri.channel(), {}
local from = first
for i = 1, N do
  local to = tri.channel()
  spawned[i] = tri.spawn(program, from, to)
  from = to
end
for round = 1, 3 do
  first:send(0)
  print(from:recv())
end
--> 200 true
--> 200 true
--> 200 true
first:close()
print(from:recv())                          --> nil false
local sum = 0
for i = 1, N do sum = sum + select(2, spawned[i]:join()) end
print(sum)                                  --> 1800
