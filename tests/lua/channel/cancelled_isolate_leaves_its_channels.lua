-- An isolate that is cancelled while its Gs wait on channels leaves nothing there.
local tri = require "trilune"
for round = 1, 20 do
  local a, b, ready = tri.channel(), tri.channel(round % 2), tri.channel()
  local isolate = tri.spawn(function(a, b, ready)
    local tri = require "trilune"
    for i = 1, 10 do
      tri.go(a.recv, a)
      tri.go(function() while true do b:send("from the isolate") end end)
      tri.go(tri.select, { { a }, { b, "send", "from a select" } })
    end
    tri.yield()
    ready:send(true)
    a:recv()
  end, a, b, ready)
  ready:recv()
  isolate:cancel()
  isolate:join()
  -- The program has ended; its other Gs may just be on their way out.
  while a:trysend("nobody") do end
  repeat local _, ok = b:recv(0.05) until not ok
  assert(not a:trysend("nobody"))
end
print("empty")   --> empty
