-- crowd(n): n other Gs that take turns, and collect garbage, until they are told to stop.
--
--   local stop = crowd(100)          a full collection each 50 turns
--   local stop = crowd(10, 1)        one at each turn
--   stop()                           ends them and waits until they have ended
local tri = require "trilune"

return function(n, turns_per_collection)
  local every, turns, stopping, gs = turns_per_collection or 50, 0, false, {}

  local function turn()
    turns = turns + 1
    if turns % every == 0 then collectgarbage() end
    tri.yield()
  end

  local function yielder()
    while not stopping do turn() end
  end

  local function sender(ch)
    while not stopping do
      ch:send(turns)
      turn()
    end
    ch:close()
  end

  local function receiver(ch)
    for _ in ch:iter() do turn() end
  end

  for _ = 1, n, 4 do
    local ch = tri.chan()
    for _, body in ipairs { yielder, sender, receiver, yielder } do
      gs[#gs + 1] = tri.go(body, ch)
    end
  end
  return function()
    stopping = true
    for _, g in ipairs(gs) do assert(g:join()) end
  end
end
