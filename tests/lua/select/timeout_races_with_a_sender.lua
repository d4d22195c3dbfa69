-- A select that times out while a sender comes takes the value or leaves it, never both.
local tri = require "trilune"
local a, b = tri.chan(), tri.chan()
local taken, sent, N = 0, 0, 10000
local sender = tri.go(function()
  for i = 1, N do
    local ch = i % 2 == 0 and a or b
    if ch:send(i, i % 4 * 0.00001) then sent = sent + 1 end
  end
  a:close()
end)
while true do
  local i, v, ok = tri.select { { a }, { b }, timeout = taken % 3 * 0.00001 }
  if ok then taken = taken + 1 elseif ok == false then break else tri.yield() end
end
sender:join()
print(taken == sent, taken > 0)   --> true true
--! both-channels
