-- send and trysend on a closed channel raise, with and without a timeout.
local tri = require "trilune"
for _, capacity in ipairs { 0, 5 } do
  local ch = tri.chan(capacity)
  ch:close()
  for _, f in ipairs {
    function() ch:send(1) end, function() ch:send(1, 0) end, function() ch:send(1, 10) end,
    function() ch:trysend(1) end, function() tri.select { { ch, "send", 1 } } end,
    function() tri.select { { ch, "send", 1 }, default = true } end,
  } do
    local ok, e = pcall(f)
    assert(not ok and e:find("send on closed channel", 1, true), e)
  end
  print(ch:recv())
end
--> nil false
--> nil false
--! both-channels
