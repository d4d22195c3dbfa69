-- The option `errors`, a table, gets what group:errors() gives: where each worker failed, one's own workers and a pool's.
local par = require "trilune.parallel"
local tri = require "trilune"

local function fail(v) error({value = v}) end
local function show(ok, err, errors)
  assert(errors[1].error == err)
  print(ok, err.value, math.type(errors[1].goroutine:id()), errors[1].traceback:match "\n[^\n]*\n\t([^\n]*)")
end

local errors = {}
local ok, err = pcall(par.map, fail, {1}, {errors = errors})
show(ok, err, errors)   --> false 1 integer errors_of_a_call.lua:5: in function <errors_of_a_call.lua:5>
local pool <close> = par.pool {workers = 2}
errors = {}
ok, err = pcall(pool.foreach, pool, fail, {2}, {errors = errors})
show(ok, err, errors)   --> false 2 integer errors_of_a_call.lua:5: in function <errors_of_a_call.lua:5>
errors = {}
print(#par.map(tostring, {1, 2, 3}, {errors = errors}), #errors)   --> 3 0

-- The first error in time wins, whatever clean-up code makes other workers do.
local function own(f, list, options)
  options.workers = 2
  return par.map(f, list, options)
end
for _, map in ipairs {own, function(...) return pool:map(...) end} do
  for _ = 1, 10 do
    local pipe, ready = tri.channel(), tri.channel(2)
    errors = {}
    ok, err = pcall(map, function(v)
      ready:send(v)
      if v == 1 then
        if not select(2, pipe:recv()) then error("broken pipe", 0) end
      end
      while #ready < 2 do require "trilune".sleep(0.0001) end
      local _ <close> = setmetatable({}, {__close = function() pipe:close() end})
      error("cause", 0)
    end, {1, 2}, {chunk = 1, errors = errors})
    assert(not ok and err == "cause" and errors[1].error == "cause", err)
  end
end
print "PASS"   --> PASS
