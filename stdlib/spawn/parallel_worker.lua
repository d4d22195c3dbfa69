-- trilune.parallel: the program of its workers.
--
-- Does one job, which comes as an argument. Or does a pool's jobs, which come
-- through `control`. Its upvalues are C functions only, because all others
-- would be sent along.

local clock, array, pack, unpack = ...

return function(init, job, control)
  local function load(f)
    if type(f) ~= "string" then return f end
    local module = require(f)
    local main = type(module) == "table" and module.main or module
    if type(main) == "function" then return main end
    error(("cannot run module '%s': it returned a %s, not a function or a table with 'main'")
          :format(f, type(module)), 0)
  end

  local function map(f, chunk)
    local n, base, values = chunk.n, chunk.base, chunk.values
    local results = array(n)
    if values then
      for i = 1, n do results[i] = f(values[i], base + i) end
    else
      local from, step = chunk.from, chunk.step
      for i = base, base + n - 1 do results[i - base + 1] = f(from + i * step, i + 1) end
    end
    return pack(results, n)
  end

  local function foreach(f, chunk)
    local n, base, values = chunk.n, chunk.base, chunk.values
    if values then
      for i = 1, n do f(values[i], base + i) end
    else
      local from, step = chunk.from, chunk.step
      for i = base, base + n - 1 do f(from + i * step, i + 1) end
    end
  end

  local function reduce(f, chunk)
    local n, base, values = chunk.n, chunk.base, chunk.values
    local result
    if values then
      result = values[1]
      for i = 2, n do result = f(result, values[i]) end
    else
      local from, step = chunk.from, chunk.step
      result = from + base * step
      for i = base + 1, base + n - 1 do result = f(result, from + i * step) end
    end
    return result
  end

  local kinds = {map = map, foreach = foreach, reduce = reduce}
  local function work()
    local f, run = load(job.f), kinds[job.kind]
    local input, output = job.input, job.output
    job = nil
    while true do
      local chunk = input:recv()
      if not chunk then return end
      chunk.values = chunk.values and unpack(chunk.values, chunk.n)
      local start = clock()
      local result = run(f, chunk)
      local sent, problem = pcall(output.send, output, {
        id = chunk.id, base = chunk.base, n = chunk.n, result = result,
        seconds = clock() - start,
      })
      if not sent then
        if type(problem) == "string" then
          problem = problem:gsub("at value%.result%[(%d+)%]", function(at)
            return ("at the result for list[%d]"):format(chunk.base + at)
          end)
        end
        error(problem, 0)
      end
    end
  end

  if init ~= nil then load(init)() end
  if job then return work() end
  while true do
    job = control:recv()
    if not job then return end
    work()
  end
end
