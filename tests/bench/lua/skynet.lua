-- A tree of Gs, ten children each, a million leaves; each sends its sum to its
-- parent over an unbuffered channel.
local tri = require "trilune"
local go, chan = tri.go, tri.chan

local function node(out, first, size)
  if size == 1 then
    out:send(first)
    return
  end
  local sums = chan()
  local part = size // 10
  for i = 0, 9 do go(node, sums, first + i * part, part) end
  local sum = 0
  for _ = 1, 10 do sum = sum + sums:recv() end
  out:send(sum)
end

local leaves = tonumber(arg[1]) or 1000000
local start = tri.now()
local result = chan()
go(node, result, 0, leaves)
local sum = result:recv()
local seconds = tri.now() - start
assert(sum == leaves * (leaves - 1) // 2)
print(("seconds=%.4f"):format(seconds))
