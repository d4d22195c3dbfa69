-- A buffer that is filled and emptied by turns keeps order and count, whatever its capacity.
local tri = require "trilune"
for _, capacity in ipairs { 1, 2, 3, 5, 8, 100 } do
  local ch, sent, got = tri.chan(capacity), 0, 0
  for round = 1, 400 do
    for _ = 1, round * 7 % (capacity + 1) do
      if ch:trysend(sent + 1) then sent = sent + 1 else assert(#ch == capacity) end
    end
    for _ = 1, round * 5 % (capacity + 1) do
      local some, v = ch:tryrecv()
      if some then got = got + 1 assert(v == got) else assert(#ch == 0) end
    end
    assert(#ch == sent - got)
  end
end
print("done")   --> done
--! both-channels
