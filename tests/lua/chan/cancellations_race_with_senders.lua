-- Receivers that are cancelled while values come lose none: each goes to a receiver or stays with its sender.
local tri = require "trilune"
local ch, N = tri.chan(), 3000
local received, refused = 0, 0
for i = 1, N do
  local r = tri.go(function()
    local ok = pcall(ch.recv, ch)
    if ok then received = received + 1 end
  end)
  local s = tri.go(function()
    if i % 3 == 0 then tri.yield() end
    if not ch:send(i, 0.00001) then refused = refused + 1 end
  end)
  if i % 2 == 0 then tri.yield() end
  if i % 5 == 0 then tri.yield() end
  local never_ran = r:status() == "runnable" and r:cancel()
  r:cancel()
  s:join() r:join()
end
print(received + refused == N, ch:tryrecv())   --> true false
--! both-channels
