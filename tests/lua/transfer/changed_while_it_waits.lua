-- A __transfer that waits lets other goroutines change what is just being sent:
-- the copy has old and new parts, or the send raises; the sender's table and the
-- channel stay whole.
local tri = require "trilune"
local ch = tri.channel(1)
local go_on, is_sending = tri.chan(), tri.chan()
local Slow = { __transfer = function(s)
  is_sending:send(true)
  go_on:recv()
  return tostring, s.name
end }
local function slow(name) return setmetatable({ name = name }, Slow) end

-- A field that comes later, one that comes earlier, the value itself.
local t = { "first", slow("slow"), "last" }
local g = tri.go(ch.send, ch, t)
is_sending:recv()
t[1], t[2], t[3] = "new first", "new slow", "new last"
go_on:send(true)
print(g:join())                                      --> true true
print(table.unpack((ch:recv())))                     --> first slow new last

-- All that follows is taken away, or much is added, at any moment.
local sent, refused = 0, 0
for round = 1, 60 do
  t = {}
  for i = 1, round % 7 do t[i] = i end
  t.slow = slow("slow")
  for i = 1, round % 5 do t["key" .. i] = { i } end
  g = tri.go(ch.send, ch, t)
  is_sending:recv()
  if round % 3 == 0 then
    for k in pairs(t) do t[k] = nil end
  else
    for i = 1, 100 do t["more" .. i] = { i } end
    t.slow = nil
  end
  collectgarbage()
  go_on:send(true)
  local ok, m = g:join()
  if ok then
    sent = sent + 1
    local copy = ch:recv()
    if copy.slow ~= "slow" then print("wrong", copy.slow) end
  else
    refused = refused + 1
    if not tostring(m):find("next") then print(m) end
  end
end
print(sent + refused, #ch)                           --> 60 0
