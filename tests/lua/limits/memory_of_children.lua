-- What a limited program spawns takes its memory from the same budget, and gives it back.
local tri = require "trilune"
print(tri.spawn({ memory = "4M" }, function()
  local tri = require "trilune"
  local gate = tri.channel()
  local function program(gate)
    local t = {}
    for i = 1, 20000 do t[i] = i end
    if gate then gate:recv() end
    return #t
  end
  local gs, alive = {}, 0
  for i = 1, 20 do
    local ok, g = pcall(tri.spawn, program, gate)  -- the handle takes memory, too
    if not ok then
      assert(g:match "not enough memory$", g)
      break
    end
    gs[i] = g
    while gs[i]:status() ~= "waiting" and gs[i]:status() ~= "dead" do tri.yield() end
    if gs[i]:status() == "waiting" then alive = alive + 1 end
  end
  gate:close()
  local ended = 0
  for i = 1, #gs do
    local ok, e = gs[i]:join()
    if ok then ended = ended + 1 else assert(e == "not enough memory", e) end
  end
  assert(ended == alive)
  gs = nil
  -- One after the other they all have room, once those that ended are closed.
  for i = 1, 20 do
    local ok, g
    repeat
      ok, g = pcall(tri.spawn, program)
      ok = ok and g:join()
      tri.yield()
    until ok
  end
  return alive > 0 and alive < 20
end):join())   --> true true
