-- N isolates alive at once, each with 10 Gs and a channel to its neighbour: a
-- token goes round through all of them, then all end.
-- Usage: isolates_ring.lua [N [ROUNDS [PAGE]]]
local tri = require "trilune"

local n, rounds = tonumber(arg[1]) or 10000, tonumber(arg[2]) or 3
local page = tonumber(arg[3]) or 4096

local function resident()
  local file <close> = assert(io.open("/proc/self/statm"))
  local _, pages = file:read("n", "n")
  return pages * page
end

local function program(from, to, ready)
  local tri = require "trilune"
  local gate = tri.chan()
  local ended = 0
  for _ = 1, 9 do
    tri.go(function() gate:recv() ended = ended + 1 end)
  end
  tri.yield()
  ready:send(true)
  for token in from:iter() do to:send(token + 1) end
  to:close()
  gate:close()
  while ended < 9 do tri.yield() end
  return ended
end

collectgarbage()
local ready = tri.channel(100)
local first = tri.channel(1)
local before, start = resident(), tri.now()
local spawned, from = {}, first
for i = 1, n do
  local to = tri.channel(1)
  spawned[i] = tri.spawn(program, from, to, ready)
  from = to
  -- Some hundred may start at the same time.
  if i > 200 then ready:recv() end
end
for _ = 1, math.min(n, 200) do ready:recv() end
local made, after = tri.now(), resident()
for round = 1, rounds do
  first:send(0)
  assert(from:recv() == n, "the token has lost its way")
end
local passed = tri.now()
first:close()
assert(from:recv() == nil)
for i = 1, n do
  local ok, ended = spawned[i]:join()
  assert(ok and ended == 9, ended)
end
local closed = tri.now()
print(("bytes_per_isolate=%.0f make_us=%.1f us_per_op=%.2f close_us=%.1f"):format(
  (after - before) / n, (made - start) / n * 1e6, (passed - made) / (rounds * n) * 1e6,
  (closed - passed) / n * 1e6))
