-- trilune.parallel: functions over lists, in isolates.
--
-- A call cuts its list into chunks and sends them through a channel, `input`.
-- Workers, which are programs of tri.spawn (parallel_worker.lua), receive them,
-- and send their answers through another channel, `output`. Each worker takes
-- the next chunk when it has done one, so a slow chunk holds up only its
-- worker.
--
-- How many chunks are under way is limited (AHEAD for each worker), so that a
-- long list is not copied all at once. Unless the option `chunk` gives it, the
-- size of a chunk follows from the time that earlier ones took: it should take
-- CHUNK_SECONDS. The first chunks have one element.
--
-- A group holds the call together. With workers of its own they are the group's
-- members. With a pool's workers the members are Gs that wait for the workers'
-- end. So the first error ends the call, and the end of the call ends the
-- workers.

local worker, clock, array, pack, slice, store, count_steps, watch, expect,
  read_spawn_options, acquired = ...
local tri = require "trilune"
local sync = require "trilune.sync"

-- A chunk should take about so long.
local CHUNK_SECONDS <const> = 0.002
-- The last chunks are smaller, so that all workers end together. But none is to
-- take less time than this.
local LEAST_SECONDS <const> = 0.000050
local MAX_CHUNK <const> = 16384
local GROWTH <const> = 4
-- Chunks under way, for each worker: one at work, one ready.
local AHEAD <const> = 2

-- ---- Arguments ----

local function bad(level, index, name, message)
  error(("bad argument #%d to '%s' (%s)"):format(index, name, message), level + 1)
end

local function check_type(level, index, name, value, expected, ...)
  for _, wanted in ipairs {...} do
    if type(value) == wanted then return end
  end
  bad(level + 1, index, name, ("%s expected, got %s"):format(
    expected, value == nil and "no value" or type(value)))
end

local function check_option(level, options, key, ok, expected)
  local value = options[key]
  if value == nil or ok(value) then return value end
  error(("bad option '%s' (%s expected, got %s)"):format(
    key, expected, type(value) == "number" and tostring(value) or type(value)), level + 1)
end

local function is_count(value)
  return math.type(value) == "integer" and value >= 1 and value <= 1 << 20
end
local function is_length(value)
  return math.type(value) == "integer" and value >= 0 and value < 1 << 31
end
local function is_time(value)
  return type(value) == "number" and value >= 0
end
local function is_function(value)
  return type(value) == "function" or type(value) == "string"
end

local CALL_OPTIONS <const> = {chunk = true, timeout = true, n = true, errors = true}
local POOL_OPTIONS <const> = {workers = true, init = true}

local function is_table(value)
  return type(value) == "table"
end

local function check_call_options(level, options)
  check_option(level + 1, options, "errors", is_table, "a table")
  check_option(level + 1, options, "chunk", is_count, "an integer from 1 to 1048576")
  check_option(level + 1, options, "timeout", is_time, "a time in seconds")
  check_option(level + 1, options, "n", is_length, "a length")
end

-- ---- Lists ----

-- A source cuts a list into chunks. source.next(k) -> the next chunk, of at
-- most k elements, or nil. source.left: how many elements are left, if that is
-- known.

local Range = {__name = "range"}
Range.__index = Range

function Range:__len() return self.n end

function Range:__tostring()
  return ("range(%s, %s, %s)"):format(self.from, self.to, self.step)
end

local function range(from, to, step)
  check_type(2, 1, "range", from, "number", "number")
  check_type(2, 2, "range", to, "number", "number")
  if step == nil then step = 1 end
  check_type(2, 3, "range", step, "number", "number")
  if step == 0 then bad(2, 3, "range", "'step' is zero") end
  local n = 0
  if (step > 0 and from <= to) or (step < 0 and from >= to) then
    n = count_steps(from, to, step)
    if not n then bad(2, 2, "range", "too many elements") end
    n = n + 1
  end
  return setmetatable({from = from, to = to, step = step, n = n}, Range)
end

-- part(base, k) returns the chunk of the k elements behind the first `base`
-- ones.
local function counted_source(n, part)
  local base = 0
  local source = {left = n}
  function source.next(k)
    if base == n then return nil end
    k = math.min(k, n - base)
    local chunk = part(base, k)
    base = base + k
    source.left = n - base
    return chunk
  end
  return source
end

local function range_source(list)
  return counted_source(list.n, function(base, k)
    return {n = k, base = base, from = list.from, step = list.step}
  end)
end

local function list_source(list, n)
  return counted_source(n, function(base, k)
    return {n = k, base = base, values = slice(list, base + 1, k)}
  end)
end

-- If an iterator takes long to fill a chunk, the chunk is sent as it is.
local function iterator_source(iterator, timed)
  local base, over = 0, false
  local source = {}
  function source.next(k)
    if over then return nil end
    local values, n, start = array(math.min(k, 64)), 0, clock()
    while n < k do
      local value = iterator()
      if value == nil then
        over = true
        break
      end
      n = n + 1
      values[n] = value
      if timed and clock() - start > CHUNK_SECONDS then break end
    end
    if n == 0 then return nil end
    local chunk = {n = n, base = base, values = pack(values, n)}
    base = base + n
    return chunk
  end
  return source
end

local function new_source(level, name, list, options)
  if type(list) == "function" then return iterator_source(list, options.chunk == nil) end
  if getmetatable(list) == Range then return range_source(list) end
  local n = options.n
  if not n then
    n = math.tointeger(#list)
    if not n or n < 0 then
      bad(level + 1, 2, name, "its length is no integer from 0 on")
    end
  end
  return list_source(list, n)
end

-- ---- Workers ----

-- A crew is what works for a call: at most `limit` workers, started when they
-- are needed. A pool's crew keeps them in `members`. It is unfinished during a
-- call, and stays so after a call that did not end well.
local function new_crew(options, limit)
  local spawn = {name = "parallel worker"}
  for key, value in pairs(options) do
    if not POOL_OPTIONS[key] and not CALL_OPTIONS[key] then spawn[key] = value end
  end
  return {limit = limit, init = options.init, spawn = spawn}
end

-- Raises now what tri.spawn would raise later, where the script could not tell
-- why.
local function check_spawn(level, crew)
  local ok, problem = pcall(read_spawn_options, crew.spawn)
  if not ok then error(problem, level + 1) end
end

local Member = {}

-- For a pool that nobody closed. A member is younger than the handles in it, so
-- it is finalized before them.
function Member:__gc()
  if self.dismissed then return end
  if self.crew.unfinished then self.program:cancel() end
  self.control:close()
end

local function get_member(crew, index)
  local member = crew.members[index]
  -- An idle worker may have passed a limit of its own.
  if member and member.program:status() == "dead" then
    member.dismissed = true
    member.control:close()
    member.program:join()
    member = nil
  end
  if not member then
    local control = tri.channel(1)
    member = setmetatable({
      crew = crew, control = control,
      program = tri.spawn(crew.spawn, worker, crew.init, nil, control),
    }, Member)
    crew.members[index] = member
  end
  return member
end

-- Ends a pool's workers and waits for that. If they may have something to do,
-- they are cancelled.
local function dismiss(crew)
  tri.shield(function()
    for _, member in ipairs(crew.members) do
      if crew.unfinished then member.program:cancel() end
      if not member.dismissed then member.control:close() end
      member.dismissed = true
    end
    for _, member in ipairs(crew.members) do member.program:join() end
    crew.members = {}
    crew.unfinished = nil
  end, math.huge)
end

-- ---- A call ----

local Call = {}
Call.__index = Call

-- Starts one more worker, or takes one more of the pool's.
function Call:enlist()
  local crew, index = self.crew, #self.team + 1
  if crew.members then
    local member = get_member(crew, index)
    -- The group's member for the worker. The end of the call cancels it.
    expect(member.program)
    local watcher = self.group:go(watch, member.program)
    self.team[index] = watcher
    -- The watcher waits before its worker can fail. Then the errors of several
    -- workers come to the group in the order in which they happen.
    repeat tri.yield() until watcher:status() ~= "runnable"
    member.control:send(self.job)
  else
    self.team[index] = self.group:spawn(crew.spawn, worker, crew.init, self.job)
  end
end

-- Sends the chunk. If every worker has something to do, first gets one more.
function Call:dispatch(chunk)
  if self.flying >= #self.team and #self.team < self.crew.limit then self:enlist() end
  local ok, problem = pcall(self.input.send, self.input, chunk)
  if not ok then
    -- The script knows its list, but not the chunk. So name the place in the
    -- list.
    if type(problem) == "string" then
      problem = problem:gsub("at value%.values%[(%d+)%]", function(at)
        return ("at list[%d]"):format(chunk.base + at)
      end)
    end
    error(problem, 0)
  end
  self.flying = self.flying + 1
end

function Call:is_late()
  return self.deadline and clock() >= self.deadline
end

-- Waits for an answer. nil: the time is over.
function Call:receive()
  local deadline, timeout = self.deadline, nil
  if deadline then
    timeout = deadline - clock()
    if timeout <= 0 then return nil end
  end
  local answer = self.output:recv(timeout)
  if answer then self.flying = self.flying - 1 end
  return answer
end

-- How many elements the next chunk has.
function Call:next_size()
  if self.fixed then return self.fixed end
  local size, left = self.size, self.source.left
  if left then
    local share = left // (AHEAD * self.crew.limit) + 1
    if share < size then size = math.max(share, math.min(size, self.least)) end
  end
  return size
end

function Call:learn(answer)
  local each = math.max(answer.seconds, 1e-7) / answer.n
  local size = math.min(CHUNK_SECONDS / each, answer.n * GROWTH, MAX_CHUNK)
  self.size = math.max(1, math.floor(size))
  self.least = math.max(1, math.floor(LEAST_SECONDS / each))
end

-- Passes each chunk's answer to `take`. false: the time is over.
function Call:run(take)
  local source, most = self.source, AHEAD * self.crew.limit
  local id, over = 0, false
  while true do
    while not over and self.flying < most do
      if self:is_late() then return false end
      local chunk = source.next(self:next_size())
      if chunk then
        id = id + 1
        chunk.id = id
        self:dispatch(chunk)
      else
        over = true
      end
    end
    if self.flying == 0 then return true end
    local answer = self:receive()
    if not answer then return false end
    if not self.fixed then self:learn(answer) end
    take(answer)
  end
end

-- The body is done: ends the group's members.
function Call:conclude(in_time)
  if not in_time then
    self.group:cancel()
    return
  end
  self.input:close()
  if self.crew.members then
    for _, watcher in ipairs(self.team) do watcher:cancel() end
  end
end

-- Runs body(call), which returns whether it was in time, in a group. Returns
-- that.
local function perform(crew, kind, f, source, options, deadline, body)
  local most = AHEAD * crew.limit
  local call = setmetatable({
    crew = crew, source = source, deadline = deadline, team = {}, flying = 0,
    fixed = options.chunk, size = 1, least = 1,
    input = tri.channel(most), output = tri.channel(most),
  }, Call)
  call.job = {f = f, kind = kind, input = call.input, output = call.output}
  local into = options.errors
  local _ <close> = into and setmetatable({}, {__close = function()
    if not call.group then return end
    for _, problem in ipairs(call.group:errors()) do into[#into + 1] = problem end
  end})
  local in_time
  tri.group(function(group)
    call.group = group
    in_time = body(call)
    call:conclude(in_time)
  end)
  return in_time
end

local kinds = {}

function kinds.map(start, source)
  local n = 0
  local results = array(source.left or 0)
  local in_time = start(function(call)
    return call:run(function(answer)
      store(results, answer.base, answer.result, answer.n)
      n = n + answer.n
    end)
  end)
  if in_time then return results, n end
  return nil, "timeout"
end

function kinds.foreach(start)
  if start(function(call) return call:run(function() end) end) then return true end
  return nil, "timeout"
end

function kinds.reduce(start, _, initial)
  local partial, n, result = {}, 0, nil
  local in_time = start(function(call)
    if not call:run(function(answer)
      partial[answer.id] = answer.result
      n = math.max(n, answer.id)
    end) then
      return false
    end
    if initial ~= nil then
      table.move(partial, 1, n, 2)
      partial[1] = initial
      n = n + 1
    end
    result = partial[1]
    if n < 2 then return true end
    -- The results of the chunks are a chunk as well.
    call:dispatch {id = 1, n = n, base = 0, values = partial}
    local answer = call:receive()
    if not answer then return false end
    result = answer.result
    return true
  end)
  if in_time then return result end
  return nil, "timeout"
end

local function check_call(level, kind, f, list, options, options_index)
  check_type(level + 1, 1, kind, f, "function or module name", "function", "string")
  check_type(level + 1, 2, kind, list, "list, range or iterator", "table", "function")
  if options ~= nil then
    check_type(level + 1, options_index, kind, options, "table", "table")
    check_call_options(level + 1, options)
  end
end

local function check_workers(level, options)
  check_option(level + 1, options, "init", is_function, "function or module name")
  return check_option(level + 1, options, "workers", is_count,
                      "an integer from 1 to 1048576") or tri.procs()
end

local function deadline_of(options)
  return options.timeout and options.timeout < math.huge and clock() + options.timeout or nil
end

-- A call with workers of its own. Here and in with_pool, level 2 is the script:
-- their callers end with a tail call.
local function with_own(kind, f, list, initial, options, options_index)
  check_call(2, kind, f, list, options, options_index)
  options = options or {}
  local crew = new_crew(options, check_workers(2, options))
  check_spawn(2, crew)
  local source = new_source(2, kind, list, options)
  return kinds[kind](function(body)
    return perform(crew, kind, f, source, options, deadline_of(options), body)
  end, source, initial)
end

-- ---- Pools ----

local Pool = {__name = "pool"}
Pool.__index = Pool

local function check_pool(pool, name)
  if getmetatable(pool) ~= Pool then
    error(("calling '%s' on bad self (pool expected, got %s)"):format(name, type(pool)), 3)
  end
end

-- A call on a pool. Only the frame of the call refers to it.
local Use = {}

function Use:__close()
  local crew = self.pool.crew
  if crew.unfinished then dismiss(crew) end
  self.pool.user = nil
  self.pool = nil
end

-- The frame was dropped, in a generator that nobody closed. A finalizer cannot
-- wait, so the next call waits for the workers' end.
function Use:__gc()
  local pool = self.pool
  if not pool then return end
  for _, member in ipairs(pool.crew.members) do member.program:cancel() end
  pool.user = nil
  pool.mutex:unlock()
end

-- A pool does one call at a time. The others wait, first come, first served.
local function with_pool(pool, kind, f, list, initial, options, options_index)
  check_pool(pool, kind)
  check_call(2, kind, f, list, options, options_index)
  options = options or {}
  for key in pairs(options) do
    if not CALL_OPTIONS[key] then error(("unknown option '%s'"):format(key), 2) end
  end
  if pool.user == tri.self() then error("the pool is in use by this goroutine", 2) end
  local deadline = deadline_of(options)
  local held <close> = pool.mutex:lock(options.timeout)
  if not held then return nil, "timeout" end
  if pool.closed then error("the pool is closed", 2) end
  local crew = pool.crew
  if crew.unfinished then dismiss(crew) end
  pool.user = tri.self()
  local _ <close> = setmetatable({pool = pool}, Use)
  local source = new_source(2, kind, list, options)
  return kinds[kind](function(body)
    crew.unfinished = true
    local in_time = perform(crew, kind, f, source, options, deadline, body)
    if in_time then crew.unfinished = nil end
    return in_time
  end, source, initial)
end

function Pool:map(f, list, options)
  return with_pool(self, "map", f, list, nil, options, 3)
end

function Pool:foreach(f, list, options)
  return with_pool(self, "foreach", f, list, nil, options, 3)
end

function Pool:reduce(f, list, initial, options)
  return with_pool(self, "reduce", f, list, initial, options, 4)
end

function Pool:close()
  check_pool(self, "close")
  if self.user == tri.self() then error("the pool is in use by this goroutine", 2) end
  local held <close> = self.mutex:lock()
  self.closed = true
  dismiss(self.crew)
end

function Pool:__close()
  tri.shield(function() self:close() end, math.huge)
end

function Pool:__transfer()
  error("cannot send a pool", 0)
end

local function pool(options)
  if options ~= nil then check_type(2, 1, "pool", options, "table", "table") end
  options = options or {}
  for key in pairs(CALL_OPTIONS) do
    if options[key] ~= nil then error(("unknown option '%s'"):format(key), 2) end
  end
  local crew = new_crew(options, check_workers(2, options))
  check_spawn(2, crew)
  crew.members = {}
  -- A tail call: nothing can raise between its return and the caller's `local p
  -- <close>`.
  return acquired(setmetatable({crew = crew, mutex = sync.mutex()}, Pool))
end

return {
  map = function(f, list, options)
    return with_own("map", f, list, nil, options, 3)
  end,
  foreach = function(f, list, options)
    return with_own("foreach", f, list, nil, options, 3)
  end,
  reduce = function(f, list, initial, options)
    return with_own("reduce", f, list, initial, options, 4)
  end,
  range = range,
  pool = pool,
}
