-- A select with a bad case runs none of its cases, even if one is ready.
local tri = require "trilune"
local ch = tri.chan(1)
ch:send("stays")
for _ = 1, 20 do
  assert(not pcall(tri.select, { { ch }, { "bad" } }))
  assert(not pcall(tri.select, { { ch }, { ch, "bad" } }))
end
print(ch:recv())   --> stays true
--! both-channels
