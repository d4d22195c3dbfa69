-- Calls of all kinds, with errors, cancellations and timeouts at any moment: each
-- ends, in one of the ways it may.
local tri = require "trilune"
local par = require "trilune.parallel"

local seed = tonumber(os.getenv "TRI_STRESS_SEED") or os.time()
math.randomseed(seed)
local pool <close> = par.pool {workers = 3}

local function round()
  local n, bad, how = math.random(0, 300), math.random(600), math.random(4)
  local options = {
    errors = {},
    chunk = math.random(3) == 1 and math.random(50) or nil,
    timeout = how == 2 and math.random() * 0.004 or nil,
  }
  local pooled = math.random(2) == 1
  if not pooled then options.workers = math.random(4) end
  local list = par.range(1, n)
  if math.random(2) == 1 then list = par.map(function(v) return v end, list) end

  local function negate(v)
    if v == bad then error("bad " .. v, 0) end
    for _ = 1, (v * 7919) % 3000 do end
    if v % 17 == 0 then require "trilune".yield() end
    return -v
  end

  local g = tri.go(function()
    local results, length
    if pooled then
      results, length = pool:map(negate, list, options)
    else
      results, length = par.map(negate, list, options)
    end
    if results == nil then
      assert(length == "timeout" and options.timeout)
      return
    end
    assert(bad > n and length == n)
    for i = 1, n do assert(results[i] == -i) end
  end)
  if how == 3 then
    tri.yield()
    for _ = 1, math.random(0, 200000) do end
    g:cancel("stop")
  end
  local ok, problem = g:join()
  if not ok then assert(problem == "stop" or problem == "bad " .. bad, problem) end
end

local ok, problem = pcall(function()
  for _ = 1, 150 do round() end
end)
print(ok or problem .. ", TRI_STRESS_SEED=" .. seed)  --> true
