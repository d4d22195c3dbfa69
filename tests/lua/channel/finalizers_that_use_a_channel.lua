-- Finalizers that send on a channel while others are sent lose no value and keep its order.
local tri = require "trilune"
collectgarbage("incremental", 100, 1000)
local lost = 0
for round = 1, 300 do
  local ch, sent = tri.channel(4096), 0
  local function garbage()
    setmetatable({}, { __gc = function()
      if ch:trysend("from a finalizer") then sent = sent + 1 end
    end })
  end
  for i = 1, 150 do
    garbage()
    if ch:trysend(i) then sent = sent + 1 end
  end
  local got, last = 0, 0
  while true do
    local some, v = ch:tryrecv()
    if not some then break end
    got = got + 1
    if type(v) == "number" then
      assert(v == last + 1, "out of order")
      last = v
    else
      assert(v == "from a finalizer", tostring(v))
    end
  end
  if got < sent or last ~= 150 then lost = lost + 1 end
end
print(lost)   --> 0
