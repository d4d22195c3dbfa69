-- Nothing of a shield stays when its coroutine fails, is closed, dropped or collected.
local tri = require "trilune"
local function body() tri.shield(function() coroutine.yield() end, math.huge) end
local ends = {
  { "suspended", function() local co = coroutine.create(body) coroutine.resume(co) return co end },
  { "closed", function()
    local co = coroutine.create(body)
    coroutine.resume(co)
    coroutine.close(co)
    return co
  end },
  { "dropped", function() coroutine.resume(coroutine.create(body)) end },
  { "collected", function()
    coroutine.resume(coroutine.create(body))
    collectgarbage()
    collectgarbage()
  end },
  { "failed", function()
    local co = coroutine.create(tri.shield)
    print(coroutine.resume(co, function() error("oops", 0) end, math.huge))
    return co
  end },
  { "failed in one that failed", function()
    local co = coroutine.create(function()
      print(coroutine.resume(coroutine.create(tri.shield), error, math.huge))
      tri.shield(function() error("outer", 0) end, math.huge)
    end)
    print(coroutine.resume(co))
    return co
  end },
}
for _, way in ipairs(ends) do
  local keep
  local g = tri.go(function()
    keep = way[2]()
    tri.self():cancel "reason"
    tri.chan():recv()
  end)
  print(way[1], g:join())
end
--> suspended false reason
--> closed false reason
--> dropped false reason
--> collected false reason
--> false oops
--> failed false reason
--> false nil
--> false outer
--> failed in one that failed false reason
-- As a coroutine is closed its handlers run inside the shields that they are in.
local log = {}
local g = tri.go(function()
  local co = coroutine.create(function()
    local outer <close> = setmetatable({}, { __close = function() log[2] = (pcall(tri.sleep, 0)) end })
    tri.shield(function()
      local inner <close> = setmetatable({}, { __close = function() log[1] = (pcall(tri.sleep, 0)) end })
      coroutine.yield()
    end, math.huge)
  end)
  coroutine.resume(co)
  tri.self():cancel "reason"
  coroutine.close(co)
end)
g:join()
print(log[1], log[2])   --> true false
