-- What a well-behaved program gets done in 2 s: alone, or beside one of the
-- misbehaving kind, which begins again whenever its limit has ended it.
-- Usage: neighbours.lua alone|memory|instructions|spawns|messages|busy
local tri = require "trilune"

local how = arg[1]

-- Requests a second: some work each, and a wait between them.
local function serve(seconds)
  local tri = require "trilune"
  local ends, n = tri.now() + seconds, 0
  while tri.now() < ends do
    local t = {}
    for i = 1, 1000 do t[i] = tostring(i) end
    n = n + #table.concat(t, ",") // #table.concat(t, ",")
    if n % 16 == 0 then tri.yield() end
  end
  return n / seconds
end

local kinds = {
  memory = { { memory = "16M" }, function()
    while true do pcall(function() local t = {} for i = 1, 1e9 do t[i] = { i } end end) end
  end },
  instructions = { { instructions = 1e8 }, function()
    while true do pcall(function() while true do end end) end
  end },
  spawns = { { goroutines = 100 }, function()
    local tri = require "trilune"
    while true do pcall(tri.spawn, function() end) end
  end },
  messages = { { memory = "1G" }, function()
    local ch = require("trilune").channel(1)
    local big = ("x"):rep(256 << 20)
    while true do pcall(ch.trysend, ch, big) ch:tryrecv() end
  end },
  busy = { {}, function() while true do end end },
}

local done = false
local kind = kinds[how]
if kind then
  kind[1].time = 0.5
  tri.go(function()
    while not done do tri.spawn(kind[1], kind[2]):join() end
  end)
  tri.sleep(0.2)
end
local _, rate = assert(tri.spawn(serve, 2):join())
done = true
print(("per_second=%.0f"):format(rate))
os.exit(0)
