-- Four programs that misbehave get their errors, beside one that does not notice.
local tri = require "trilune"
local function try(options, f) return tri.spawn(options, f) end
local memory = try({ memory = "2M", time = 50 }, function()
  local failures = 0
  repeat
    local ok, e = pcall(function() local t = {} for i = 1, 1e9 do t[i] = { i } end end)
    assert(not ok and e == "not enough memory", e)
    failures = failures + 1
  until failures == 20
  error("memory")
end)
local instructions = try({ instructions = 1e7 }, function()
  while true do pcall(function() while true do end end) end
end)
local spawner = try({ goroutines = 10 }, function()
  local tri = require "trilune"
  local gs = {}
  while true do gs[#gs + 1] = tri.spawn(function() require("trilune").sleep(1000) end) end
end)
local sender = try({ message = "1M", memory = "64M" }, function()
  local ch = require("trilune").channel(1)
  local big = ("x"):rep(10 * 1024 * 1024)
  while true do ch:send(big) end
end)
local neighbour = tri.spawn(function()
  local sum = 0
  for i = 1, 1000 do
    local t = {}
    for j = 1, 100 do t[j] = j end
    sum = sum + #t
  end
  return sum
end)
print(neighbour:join())                       --> true 100000
print((select(2, memory:join())))             --> four_neighbours.lua:11: memory
print((select(2, instructions:join())))       --> instruction limit (10000000) exceeded
print((select(2, spawner:join())))            --> four_neighbours.lua:19: too many goroutines (limit 10)
print((select(2, sender:join())))             --> four_neighbours.lua:24: message too large: 1048576 bytes at most
