-- Random trees of isolates: trilune isolate_stress.lua SEED COUNT runs the
-- programs SEED to SEED + COUNT - 1. Each program spawns others, with limits or
-- without, alone or in groups; sends and receives over shared channels, and
-- closes them early; counts in a dictionary; cancels and joins what it spawned,
-- or hands the handles to others; fails, loops, fills its memory, or just ends.
-- After each program
--
--   everything has ended, nobody hangs; each end was one that the program may
--   have; no value was received twice, and none that was not sent; the numbers
--   that the programs counted are those that their handles tell of.

local tri = require "trilune"
local dict = require "trilune.dict"

local first_seed, count = math.tointeger(arg[1]), math.tointeger(arg[2])

local CHANNELS <const> = 4

-- What a program of the tree does. All it uses travels with it.
local function newrandom(seed)
  local state = seed * 0x9e3779b97f4a7c15 + 1
  local random = {}
  function random.below(n)
    state = state + 0x9e3779b97f4a7c15
    local z = (state ~ (state >> 30)) * 0xbf58476d1ce4e5b9
    z = (z ~ (z >> 27)) * 0x94d049bb133111eb
    return (z ~ (z >> 31)) % n + 1
  end
  function random.onein(n) return random.below(n) == 1 end
  return random
end

local ALLOWED <const> = {
  "^cancelled$", "^by its parent$", "^by a stranger$", "chaos %d+$", "not enough memory",
  "^time limit %(0%.02 s%) exceeded$", "^CPU time limit %(0%.01 s%) exceeded$", "^instruction limit %(200000%) exceeded$",
  "too many goroutines %(limit 4%)$", "send on closed channel$", "^fatal: all goroutines are asleep",
  "message too large: 2000 bytes at most$", "close of closed channel$",
  "stack overflow",  -- what lua_checkstack says without memory
}

local function is_allowed(e)
  if type(e) == "table" then return math.type(e.chaos) == "integer" end
  for _, pattern in ipairs(ALLOWED) do
    if type(e) == "string" and e:find(pattern) then return true end
  end
  return false
end

local LIMITS <const> = {
  { memory = "1M" }, { time = 0.02 }, { cpu = 0.01 }, { instructions = 200000 }, { goroutines = 4 }, { message = 2000 },
  { preempt = "strand" }, { preempt = "count:500" }, { preempt = "off", time = 0.02 }, { name = "named" },
}

local function program(seed, depth, name, channels)
  local tri = require "trilune"
  local random = newrandom(seed)
  local counts = require("trilune.dict").open(name)
  counts:incr("started", 1, 0)

  local spawned = {}
  local function options() return LIMITS[random.below(#LIMITS)] end
  local function child_seed() return random.below(1 << 40) end
  local function check(ok, e)
    if ok ~= false or is_allowed(e) then return end
    counts:set("bad", tostring(e))
  end

  local function spawn(group)
    if depth == 0 then return end
    local run = group and function(...) return group:spawn(...) end or tri.spawn
    local handle
    if random.onein(2) then
      handle = run(options(), program, child_seed(), depth - 1, name, channels)
    else
      handle = run(program, child_seed(), depth - 1, name, channels)
    end
    if not group then spawned[#spawned + 1] = handle end  -- a member's handle cannot be sent
  end

  local function act()
    local what = random.below(16)
    local ch = channels[random.below(CHANNELS)]
    if what <= 3 then
      spawn()
    elseif what == 4 then
      local id = counts:incr("ids", 1, 0)
      ch:send({ id, seed }, random.below(3) / 1000)
    elseif what == 5 then
      local id = counts:incr("ids", 1, 0)
      tri.select { { ch, "send", { id } }, { channels[random.below(CHANNELS)] }, timeout = 0.001 }
    elseif what <= 7 then
      local v = ch:recv(random.below(3) / 1000)
      if type(v) == "table" and v[1] then
        if v[1] > (counts:get("ids") or 0) then counts:set("bad", "made up " .. v[1]) end
        if not counts:add("got" .. v[1], true) then counts:set("bad", "twice " .. v[1]) end
      end
    elseif what == 8 and #spawned > 0 then
      check(spawned[random.below(#spawned)]:join(0.002))
    elseif what == 9 and #spawned > 0 then
      spawned[random.below(#spawned)]:cancel(random.onein(2) and "by its parent" or nil)
    elseif what == 10 and #spawned > 0 then
      -- Another isolate joins or cancels it.
      local cancels = random.onein(3)
      tri.spawn(function(handle)
        if cancels then handle:cancel("by a stranger") end
        handle:join(0.005)
        return handle:status(), tostring(handle)
      end, spawned[random.below(#spawned)]):join(0.002)
    elseif what == 11 then
      check(pcall(tri.group, function(group)
        for _ = 1, random.below(3) do spawn(group) end
        if random.onein(4) then group:cancel() end
      end))
    elseif what == 12 then
      local t = {}
      for i = 1, random.below(20000) do t[i] = { i } end
    elseif what == 13 then
      tri.go(function() tri.sleep(random.below(2000) / 1e6) end)
    elseif what == 14 and random.onein(8) then
      ch:close()
    elseif what == 15 and random.onein(6) then
      if random.onein(2) then error({ chaos = random.below(100) }) end
      error("chaos " .. random.below(100))
    elseif what == 16 and random.onein(6) then
      for _ = 1, random.below(50) do pcall(function() for _ = 1, 1e5 do end end) end
    end
  end

  for _ = 1, random.below(12) do
    local ok, e = pcall(act)
    check(ok, e)
    if not ok and random.onein(2) then error(e, 0) end
  end
  if random.onein(2) then
    for _, handle in ipairs(spawned) do check(handle:join()) end
  end
  counts:incr("ended", 1, 0)
  return true
end

for seed = first_seed, first_seed + count - 1 do
  local random = newrandom(seed)
  local name = "stress" .. seed
  local counts = dict.open(name)
  local channels = {}
  for i = 1, CHANNELS do channels[i] = tri.channel(random.below(3) - 1) end
  local roots = {}
  for i = 1, random.below(4) do
    roots[i] = tri.spawn(program, random.below(1 << 40), 3, name, channels)
  end
  if random.onein(4) then roots[1]:cancel("by its parent") end
  local good = 0
  for _, root in ipairs(roots) do
    local ok, e = root:join(100)
    if ok == nil then error(("seed %d: a program hangs"):format(seed)) end
    if ok then good = good + 1 end
    if not ok and not is_allowed(e) then error(("seed %d: ended by %s"):format(seed, tostring(e))) end
  end
  local bad = counts:get("bad")
  if bad then error(("seed %d: %s"):format(seed, bad)) end
  local started, ended = counts:get("started") or 0, counts:get("ended") or 0
  if good > ended or ended > started then
    error(("seed %d: %d good, %d ended, %d started"):format(seed, good, ended, started))
  end
end
