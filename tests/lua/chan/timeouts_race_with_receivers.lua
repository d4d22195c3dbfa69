-- Sends and receives that time out while partners come lose no value and give none twice.
local tri = require "trilune"
for _, capacity in ipairs { 0, 2 } do
  local ch = tri.chan(capacity)
  local sent, received, seen, N = 0, 0, {}, 10000
  local sender = tri.go(function()
    for i = 1, N do
      if i % 97 == 0 then tri.sleep(0.0001) end
      if ch:send(i, i % 3 * 0.00001) then sent = sent + 1 end
      if i % 7 == 0 then tri.yield() end
    end
    ch:close()
  end)
  local function receive()
    local n = 0
    while true do
      local v, ok, m = ch:recv(n % 5 * 0.00001)
      n = n + 1
      if ok then
        assert(not seen[v])
        seen[v] = true
        received = received + 1
      elseif ok == false then
        return
      end
      tri.yield()
    end
  end
  local a, b = tri.go(receive), tri.go(receive)
  assert(sender:join()) assert(a:join()) assert(b:join())
  print(capacity, sent == received, sent > 0)
end
--> 0 true true
--> 2 true true
--! both-channels
