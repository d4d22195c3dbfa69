-- Random programs of Gs in one isolate: trilune lua_stress.lua SEED COUNT runs
-- the programs SEED to SEED + COUNT - 1. Each has producers and consumers over
-- channels and select, with timeouts, early closes and cancellation; users of
-- every sync object; groups that fail; a G that drives the collector and one
-- that changes the number of Ps. They wait everywhere: in comparators, gsub
-- callbacks, metamethods, generators, load readers. After each program
--
--   every value that was sent was received exactly once, or is still buffered,
--   and none that was not sent; each consumer saw each producer's values of one
--   channel in the order of their sending; locks kept others out; each G ended,
--   with the result or the reason it should.

local tri = require "trilune"
local sync = require "trilune.sync"

local first_seed, count = math.tointeger(arg[1]), math.tointeger(arg[2])

-- A generator of its own for each G: what a G does then depends on the seed
-- only, whatever the others do. below(n): 1 to n.
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
  function random.of(list) return list[random.below(#list)] end
  return random
end

-- --- Places to wait in. ---

-- Not __concat: Debian 12's liblua 5.4.4 (its patch for CVE-2022-33099) goes on
-- with a stale pointer if the stack has moved in that metamethod, as it may by a
-- collection during the wait. Stock lua5.4 crashes by it, too.

local function once_only(f)
  local done = false
  return function() if not done then done = true f() end end
end

local places = {
  function(f) f() end,
  function(f) f() end,
  function(f) local ok, e = pcall(f) if not ok then error(e, 0) end end,
  function(f)
    local ok, e = xpcall(f, function(e) pcall(tri.yield) return e end)
    if not ok then error(e, 0) end
  end,
  function(f)
    local g = once_only(f)
    table.sort({ 3, 1, 2 }, function(a, b) g() return a < b end)
  end,
  function(f) local _ = ("x"):gsub("x", function() f() end) end,
  function(f) local _ = setmetatable({}, { __index = function() f() end }).x end,
  function(f) setmetatable({}, { __newindex = function() f() end }).x = 1 end,
  function(f) local _ = #setmetatable({}, { __len = function() f() end }) end,
  function(f) local _ = setmetatable({}, { __lt = function() f() end }) < {} end,
  function(f)
    tostring(setmetatable({}, { __tostring = function() f() return "" end }))
  end,
  function(f) local c <close> = setmetatable({}, { __close = function() f() end }) end,
  function(f) coroutine.wrap(f)() end,
  function(f)
    -- A generator that also waits between its values.
    for i in coroutine.wrap(function()
      coroutine.yield(1) f() coroutine.yield(2) tri.yield()
    end) do
      if i == 1 then tri.yield() end
    end
  end,
  function(f)
    local co = coroutine.create(function()
      local c <close> = setmetatable({}, { __close = function() f() end })
      coroutine.yield()
    end)
    coroutine.resume(co)
    local ok, e = coroutine.close(co)
    if not ok then error(e, 0) end
  end,
  function(f)
    local g = once_only(f)
    local chunk, e = load(function() g() end)
    if not chunk then error(e, 0) end
  end,
  function(f) for _ in function(_, i) if not i then f() return 1 end end do end end,
}

-- Runs f at a random place; gives its results, or raises its error.
local function somewhere(random, f)
  local results
  local function body()
    results = table.pack(pcall(f))
    if not results[1] then error(results[2], 0) end
  end
  local place = random.of(places)
  if random.onein(4) then
    local outer, inner = random.of(places), place
    place = function(g) outer(function() inner(g) end) end
  end
  local ok, e = pcall(place, body)
  if not results then error(e, 0) end  -- cancelled on its way there
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

local function pause(random)
  local what = random.below(6)
  if what == 1 then
    tri.sleep(random.below(1000) / 1e6)
  elseif what == 2 then
    tri.yield()
  elseif what == 3 then
    coroutine.wrap(function() tri.yield() end)()
  end
end

local function timeout(random)
  if random.onein(3) then return random.of { 0, 1e-6, 1e-4, 1e-3 } end
end

-- --- Values. ---

-- The value `number` that `producer` sends on `channel`, in one of three forms.
local function encode(random, producer, channel, number)
  local key = producer << 48 | channel << 32 | number
  local form = random.below(3)
  if form == 1 then return key end
  if form == 2 then return tostring(key) end
  return { key = key }
end

local function decode(value)
  if type(value) == "table" then value = value.key end
  return math.tointeger(tonumber(value))
end

-- What all Gs of one program share.
local function newprogram(seed)
  local random = newrandom(seed)
  local program = {
    seed = seed, random = random, channels = {}, sent = {}, received = {},
    gs = {}, victims = {}, reasons = {}, number = 0, running = 0, stop = false,
  }
  for i = 1, random.below(6) do
    program.channels[i] = tri.chan(random.of { 0, 0, 1, 3, 64 })
  end
  return program
end

local function note(counts, key, what)
  assert(not counts[key], what)
  counts[key] = true
end

-- --- Producers. ---

-- Sends once on a random channel, in some way; true if it was sent.
local function send_one(program, random, producer, numbers)
  local at = random.below(#program.channels)
  local function nextvalue(i)
    numbers[i] = (numbers[i] or 0) + 1
    return encode(random, producer, i, numbers[i])
  end
  local sent, value
  local way = random.below(4)
  if way == 1 then
    value = nextvalue(at)
    sent = program.channels[at]:trysend(value)
  elseif way == 2 then
    value = nextvalue(at)
    sent = program.channels[at]:send(value, timeout(random))
  elseif way == 3 then
    value = nextvalue(at)
    local r = tri.select {
      { program.channels[at], "send", value },
      timeout = timeout(random),
    }
    sent = r == 1
  else
    -- Some channels at once; one value goes out at most.
    local cases, values = {}, {}
    for i, ch in ipairs(program.channels) do
      if random.onein(2) then
        values[#values + 1] = nextvalue(i)
        cases[#cases + 1] = { ch, "send", values[#values] }
      end
    end
    cases.timeout = timeout(random) or 1e-3
    local i = tri.select(cases)
    value = values[i]
    sent = value ~= nil
  end
  if sent then note(program.sent, decode(value), "sent twice") end
end

local function produce(program, random, producer)
  local numbers = {}
  for _ = 1, random.below(40) do
    local ok, e = pcall(somewhere, random, function()
      send_one(program, random, producer, numbers)
    end)
    if not ok then
      if type(e) ~= "string" or not e:find("send on closed channel") then
        error(e, 0)
      end
    end
    pause(random)
  end
end

-- --- Consumers. ---

local function take(program, last, channel, value)
  local key = decode(value)
  note(program.received, key, "received twice")
  assert((key >> 32 & 0xffff) == channel, "from another channel")
  local from, number = key >> 32, key & 0xffffffff
  assert(number > (last[from] or 0), "out of order")
  last[from] = number
end

-- Receives until every channel in `mine` is closed and drained.
local function consume(program, random, mine)
  local last, open = {}, {}
  for i in pairs(mine) do open[#open + 1] = i end
  while #open > 0 do
    local at, value, ok
    somewhere(random, function()
      local k = random.below(#open)
      local i = open[k]
      local way = random.below(4)
      if way == 1 then
        local did, v, more = program.channels[i]:tryrecv()
        if did then at, value, ok = k, v, more end
        if not did then tri.yield() end
      elseif way == 2 then
        local v, more, why = program.channels[i]:recv(timeout(random))
        if not why then at, value, ok = k, v, more end
      else
        local cases = { timeout = timeout(random) }
        for j, c in ipairs(open) do cases[j] = { program.channels[c] } end
        local chosen, v, more = tri.select(cases)
        if chosen ~= "timeout" then at, value, ok = chosen, v, more end
      end
      -- Here, not outside: on the way out a cancelled G may raise.
      if at and ok then take(program, last, open[at], value) end
    end)
    if at and not ok then table.remove(open, at) end
    if random.onein(8) then pause(random) end
  end
end

-- --- Sync objects. ---

local function newsync()
  local mutex = sync.mutex()
  return {
    mutex = mutex, owner = nil,
    rw = sync.rwmutex(), readers = 0, writer = false,
    semaphore = sync.semaphore(3), held = 0,
    cond = sync.cond(mutex), items = 0, produced = 0, consumed = 0,
    once = sync.once(), runs = 0,
    waitgroup = sync.waitgroup(), pending = 0,
  }
end

local users = {
  function(s, random)
    if not s.mutex:lock(timeout(random)) then return end
    local unlock <close> = s.mutex
    assert(not s.owner, "mutex: two inside")
    s.owner = true
    pcall(pause, random)
    s.owner = nil
  end,
  function(s, random)
    local lock <close> = s.rw:rlock(timeout(random)) or nil
    if not lock then return end
    s.readers = s.readers + 1
    assert(not s.writer, "rwmutex: a reader beside a writer")
    pcall(pause, random)
    s.readers = s.readers - 1
  end,
  function(s, random)
    if not s.rw:lock(timeout(random)) then return end
    local unlock <close> = s.rw
    assert(not s.writer and s.readers == 0, "rwmutex: a writer beside others")
    s.writer = true
    pcall(pause, random)
    s.writer = false
  end,
  function(s, random)
    local n = random.below(3)
    if not s.semaphore:acquire(n, timeout(random)) then return end
    s.held = s.held + n
    assert(s.held <= 3, "semaphore: too many")
    pcall(pause, random)
    s.held = s.held - n
    s.semaphore:release(n)
  end,
  function(s, random)  -- an item through a cond
    local put = random.onein(2)
    local unlock <close> = s.mutex:lock()
    if put then
      s.items, s.produced = s.items + 1, s.produced + 1
      if random.onein(2) then s.cond:signal() else s.cond:broadcast() end
      return
    end
    if s.items == 0 then
      s.owner = nil
      local ok, woken = pcall(s.cond.wait, s.cond, 1e-4)
      assert(not s.owner, "cond: the mutex is another's")
      if not ok then error(woken, 0) end
    end
    s.owner = true
    if s.items > 0 then s.items, s.consumed = s.items - 1, s.consumed + 1 end
    pcall(tri.yield)
    s.owner = nil
  end,
  function(s, random)
    s.once:call(function()
      s.runs = s.runs + 1
      pause(random)
    end)
    assert(s.runs == 1, "once: not once")
  end,
  function(s, random)
    if random.onein(2) then
      s.waitgroup:add(1)
      pcall(pause, random)
      s.waitgroup:done()
    else
      s.waitgroup:wait(random.below(1000) / 1e6)
    end
  end,
}

local function use_sync(program, random, s)
  for _ = 1, random.below(30) do
    local user = random.of(users)
    somewhere(random, function() user(s, random) end)
  end
end

local function check_sync(s)
  assert(s.mutex:trylock(), "mutex: still locked")
  assert(s.rw:trylock(), "rwmutex: still locked")
  assert(s.semaphore:count() == 3, "semaphore: some are lost")
  assert(s.waitgroup:wait(0), "waitgroup: not zero")
  assert(s.items == s.produced - s.consumed, "cond: items are lost")
end

-- --- Groups. ---

-- Makes a group of a few; some fail. Its error must be a failure's.
local function use_groups(program, random)
  for _ = 1, random.below(5) do
    local failures, ended, made = {}, 0, 0
    local function member(number, fails)
      local own = newrandom(number)
      local count <close> = setmetatable({}, { __close = function()
        ended = ended + 1
      end })
      somewhere(own, function() pause(own) end)
      if fails then
        failures[number] = true
        error(number, 0)
      end
    end
    local ok, e = pcall(tri.group, function(group)
      for i = 1, random.below(5) do
        local number, fails = random.below(1 << 40), random.onein(4)
        group:go(function()
          made = made + 1
          member(number, fails)
        end)
        if random.onein(3) then pause(random) end
      end
      return "done"
    end)
    assert(ended == made, "group: not all have ended")
    if not ok and not failures[e] then error(e, 0) end  -- it was cancelled
    if ok then assert(next(failures) == nil, "group: a failure was lost") end
  end
end

-- --- Trees of short Gs. ---

local function tree(random, depth)
  if depth == 0 then
    pause(random)
    return 1
  end
  local gs, sum = {}, 0
  for i = 1, random.below(3) do
    local seed, fails = random.below(1 << 40), random.onein(10)
    gs[i] = tri.go(function()
      local n = tree(newrandom(seed), depth - 1)
      if fails then error({ n }) end
      return n, "counted"
    end)
  end
  for _, g in ipairs(gs) do
    local ok, n, text = g:join()
    if ok then
      assert(text == "counted", "join: results are lost")
    else
      n = n[1]
    end
    sum = sum + n
  end
  return sum
end

-- --- Programs. ---

-- Starts a G of the program, to be joined at its end; `may_cancel`: it may
-- become a victim.
local function start(program, may_cancel, f, ...)
  program.number = program.number + 1
  local number = program.number
  local random = newrandom(program.seed << 16 | number)
  local args = table.pack(...)
  local g = tri.go(function()
    program.running = program.running + 1
    local count <close> = setmetatable({}, { __close = function()
      program.running = program.running - 1
    end })
    f(program, random, table.unpack(args, 1, args.n))
    return number, f
  end)
  program.gs[number] = { g = g, f = f }
  if may_cancel then program.victims[#program.victims + 1] = number end
  return g
end

-- Joins a G that has to end, and checks what it gives.
local function finish(program, number)
  local entry = program.gs[number]
  local g = entry.g
  local ok, value, f = g:join()
  assert(g:status() == "dead", "joined, but not dead")
  local again = table.pack(g:join(0))
  assert(again[1] == ok and rawequal(again[2], value), "join: not repeatable")
  if ok then
    assert(value == number and f == entry.f, "join: another's results")
    return
  end
  local reason = program.reasons[number]
  if reason == nil or not rawequal(value, reason) then
    error(("G %d failed: %s"):format(number, tostring(value)), 0)
  end
end

local function cancel_some(program, random)
  for _ = 1, random.below(12) do
    if #program.victims == 0 then return end
    pause(random)
    local number = random.of(program.victims)
    local reason = { "reason", number }
    if program.gs[number].g:cancel(reason) then
      assert(not program.reasons[number], "cancelled twice")
      program.reasons[number] = reason
    end
  end
end

local function drive_collector(program, random)
  while not program.stop do
    local what = random.below(6)
    if what == 1 then
      collectgarbage("generational")
    elseif what == 2 then
      collectgarbage("incremental", random.of { 100, 200 }, random.of { 100, 1000 })
    elseif what == 3 then
      collectgarbage()
    else
      collectgarbage("step", random.below(10))
    end
    tri.sleep(random.below(300) / 1e6)
  end
end

local function change_procs(program, random)
  while not program.stop do
    tri.procs(random.below(4))
    tri.sleep(random.below(1000) / 1e6)
  end
end

local function close_early(program, random)
  tri.sleep(random.below(3000) / 1e6)
  program.channels[random.below(#program.channels)]:close()
end

local function run(seed)
  local program = newprogram(seed)
  local random = program.random
  local background = {
    start(program, false, drive_collector),
    start(program, false, change_procs),
  }
  local last_background = program.number

  local s = newsync()
  local producers = {}
  for i = 1, random.below(10) do
    producers[i] = program.number + 1
    start(program, random.onein(3), produce, i)
  end
  -- One consumer of each channel is never cancelled, so producers get rid of
  -- their values.
  for i in ipairs(program.channels) do
    start(program, false, consume, { [i] = true })
  end
  for _ = 1, random.below(6) do
    local mine = {}
    for i in ipairs(program.channels) do mine[i] = random.onein(2) or nil end
    start(program, random.onein(2), consume, mine)
  end
  for _ = 1, random.below(10) do
    start(program, random.onein(2), use_sync, s)
  end
  for _ = 1, random.below(4) - 1 do
    start(program, random.onein(2), use_groups)
  end
  if random.onein(2) then start(program, false, function(_, own) tree(own, 5) end) end
  local early = random.onein(4) and start(program, false, close_early)
  start(program, false, cancel_some)

  -- The end: producers, then the channels, then everybody.
  for _, number in ipairs(producers) do finish(program, number) end
  if early then early:join() end
  for _, ch in ipairs(program.channels) do pcall(ch.close, ch) end
  for number = last_background + 1, program.number do finish(program, number) end
  program.stop = true
  for number = 1, last_background do finish(program, number) end

  for i, ch in ipairs(program.channels) do
    assert(#ch == 0, "values are left")
    local did, v, ok = ch:tryrecv()
    assert(did and v == nil and ok == false, "not closed")
  end
  for key in pairs(program.sent) do
    if not program.received[key] then error("a value was lost") end
  end
  for key in pairs(program.received) do
    if not program.sent[key] then error("a value was never sent") end
  end
  assert(program.running == 0, "a G has not ended")
  check_sync(s)
end

for seed = first_seed, first_seed + count - 1 do
  local ok, e = xpcall(run, debug.traceback, seed)
  if not ok then
    io.stderr:write(("program %d: %s\n"):format(seed, tostring(e)))
    os.exit(1)
  end
end
collectgarbage()
print("ok")
