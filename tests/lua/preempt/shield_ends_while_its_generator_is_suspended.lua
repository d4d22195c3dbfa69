-- A shield whose time is over holds nothing off, wherever its generator is then: suspended, or waiting in another G.
local tri = require "trilune"
local function generator()
  local co = coroutine.create(function(seconds)
    tri.shield(function()
      while true do print(pcall(coroutine.yield())) end
    end, seconds)
  end)
  return co
end
-- It ends while nobody runs it.
local g = tri.go(function()
  local co = generator()
  coroutine.resume(co, 0.001)
  tri.sleep(0.002)
  tri.self():cancel "late"
  coroutine.resume(co, tri.sleep, 1000)    --> false late
end)
g:join()
-- It ends while another G than the one that entered it waits inside.
local co
g = tri.go(function()
  co = generator()
  coroutine.resume(co, 0.05)
end)
g:join()
local started = tri.chan(1)
g = tri.go(function()
  tri.self():cancel "another"
  coroutine.resume(co, function() tri.chan():recv() end)   --> false another
  tri.sleep(1000)
end)
print(g:join())                            --> false another
-- It ends around another shield: the inner one holds on.
g = tri.go(function()
  tri.self():cancel "inner"
  tri.shield(function()
    tri.shield(function() print(pcall(tri.sleep, 0.005)) end, math.huge)   --> true
    print(pcall(tri.sleep, 1000))          --> false inner
  end, 0.001)
end)
print(g:join())                            --> true
-- It ends inside of another, whose time ends then.
g = tri.go(function()
  tri.self():cancel "outer"
  tri.shield(function()
    tri.shield(function() print(pcall(tri.sleep, 1000)) end, 0.001)   --> false outer
  end, 0.005)
end)
print(g:join())                            --> true
