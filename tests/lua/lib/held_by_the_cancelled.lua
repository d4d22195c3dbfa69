-- A G that only takes and gives back is cancelled at any instruction, `rounds` times for each way to take: nothing stays
-- taken. Prints what does.
local tri, sync = require "trilune", require "trilune.sync"
return function(rounds)
  local m, rw, s, wg = sync.mutex(), sync.rwmutex(), sync.semaphore(3), sync.waitgroup()
  local function locked() return m:lock() end
  local ways = {
    { "lock", function() local held <close> = m:lock() end, function() return m:trylock() and not m:unlock() end },
    { "lock by assert", function() local held <close> = assert(m:lock(1), "busy") end, function() return m:trylock() and not m:unlock() end },
    { "lock by a tail call", function() local held <close> = locked() end, function() return m:trylock() and not m:unlock() end },
    { "lock by pcall", function() local _, held <close> = pcall(m.lock, m) end, function() return m:trylock() and not m:unlock() end },
    { "lock by or", function() local held <close> = m:lock(1) or error "busy" end, function() return m:trylock() and not m:unlock() end },
    { "lock by select", function() local held <close> = select(1, m:lock()) end, function() return m:trylock() and not m:unlock() end },
    { "lock before another", function() local held <close>, one = m:lock(), 1 end, function() return m:trylock() and not m:unlock() end },
    { "wlock", function() local held <close> = rw:lock() end, function() return rw:trylock() and not rw:unlock() end },
    { "rlock", function() local held <close> = rw:rlock() end, function() return rw:trylock() and not rw:unlock() end },
    { "acquire", function() local permit <close> = s:acquire() end, function() return s:count() == 3 end },
    { "acquire two", function() local permit <close> = s:acquire(2) end, function() return s:count() == 3 end },
    { "add", function() local member <close> = wg:add() end, function() return wg:wait(0) end },
  }
  for _, way in ipairs(ways) do
    local left = 0
    for round = 1, rounds do
      local g = tri.go(function() while true do way[2]() end end)
      for _ = 1, 1 + round % 3 do tri.yield() end
      for _ = 1, math.random(500) do end
      g:cancel()
      g:join()
      if not way[3]() then left = left + 1 break end
    end
    print(way[1], left)
  end
end
