-- A locked G runs on one thread, through every kind of wait, and no other G runs there.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local stop, intrusions, theirs = false, 0, nil
local others = {}
for i = 1, 5 do
  others[i] = tri.go(function()
    while not stop do
      if thread.id() == theirs then intrusions = intrusions + 1 end
      if i % 2 == 0 then tri.sleep(0.0002) else tri.yield() end
    end
  end)
end
local ping, pong = tri.chan(), tri.chan()
local echo = tri.go(function() for v in ping:iter() do pong:send(v) end end)
local moved = 0
for _ = 1, 10 do
  tri.lockthread()
  theirs = thread.id()
  local function here(...)
    if thread.id() ~= theirs then moved = moved + 1 end
    return ...
  end
  for k = 1, 10 do
    here(tri.yield())
    here(tri.sleep(0.0001))
    here(ping:send(k))
    assert(here(pong:recv()) == k)
    here(tri.go(function() end):join())
    if here(tri.select { { tri.after(0.0001) }, { ping, "send", 0 } }) == 2 then here(pong:recv()) end
    if k % 5 == 0 then
      for _ = 1, 1e5 do end
      here(table.sort({ 3, 1, 2 }, function(a, b) tri.yield() return a < b end))
    end
    here(pong:recv(0.0001))
  end
  theirs = nil
  tri.unlockthread()
  tri.yield()
end
stop = true
ping:close()
echo:join()
for _, g in ipairs(others) do g:join() end
print(moved, intrusions)   --> 0 0
