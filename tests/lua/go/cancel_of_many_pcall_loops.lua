-- Thousands of cancelled Gs that catch what their waits raise, and wait again, end at once: each after so many raises,
-- not after a time. With --preempt off too.
local tri = require "trilune"
local function program()
  local tri = require "trilune"
  local sync = require "trilune.sync"
  local ch, m = tri.chan(), sync.mutex()
  m:lock()
  local waits = {
    function() tri.sleep(10) end,
    function() ch:recv() end,
    function() m:lock() end,
    function() tri.select { { ch }, timeout = 10 } end,
    function() tri.yield() end,
    function() tri.group(function() tri.sleep(10) end) end,
    function() coroutine.wrap(function() pcall(tri.sleep, 10) end)() end,
  }
  local most, gs = 0, {}
  for i = 1, 3000 do
    local wait = waits[i % #waits + 1]
    gs[i] = tri.go(function()
      local n = 0
      while true do
        pcall(wait)
        n = n + 1
        if n > most then most = n end
      end
    end)
  end
  tri.yield()
  most = 0
  for i = 1, #gs do gs[i]:cancel("stop") end
  for i = 1, #gs do
    local ok, e = gs[i]:join()
    if ok ~= false or not tostring(e):find("stop") then error("ended with " .. tostring(e)) end
  end
  return most
end
for _, mode in ipairs { "signal", "strand", "off" } do
  local _, most = assert(tri.spawn({ preempt = mode }, program):join())
  print(mode, most < 10000 or most)
end
--> signal true
--> strand true
--> off true
