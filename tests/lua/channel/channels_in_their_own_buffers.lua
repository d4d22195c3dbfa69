-- Channels that lie in their own buffer, or in each other's, are collected when nobody holds them.
local tri = require "trilune"
local weak = setmetatable({}, { __mode = "v" })
for i = 1, 3000 do
  local a, b = tri.channel(2), tri.channel(2)
  a:send({ a, b })
  b:send({ a })
  weak[1], weak[2] = a, b
  if i % 100 == 0 then a, b = nil, nil collectgarbage() collectgarbage() end
end
print(weak[1], weak[2])   --> nil nil
-- One that is in the buffer of a channel somebody holds is kept, with all that it leads to.
local kept = tri.channel(1)
do
  local a, b = tri.channel(2), tri.channel(2)
  b:send("at the end")
  a:send({ a, b })
  kept:send(a)
end
for _ = 1, 300 do
  local ch = tri.channel(1)
  ch:send(ch)
  ch = nil
  collectgarbage("step", 1000)
end
collectgarbage()
local a = kept:recv()
local t = a:recv()
print(t[1] == a, t[2]:recv())   --> true at the end true
