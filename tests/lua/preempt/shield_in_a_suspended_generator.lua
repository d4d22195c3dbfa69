-- A shield holds cancellation off while control is in the coroutine that entered it, not while that is suspended.
local tri = require "trilune"
local function shielded_generator()
  return coroutine.wrap(function()
    return tri.shield(function()
      coroutine.yield "yielded"
      local ok = pcall(tri.sleep, 0)
      coroutine.yield(ok)
      return "over"
    end, math.huge)
  end)
end
-- Outside of it the waits of a cancelled G raise, inside they do not.
local g = tri.go(function()
  local step = shielded_generator()
  step()
  tri.self():cancel "reason"
  print(pcall(tri.sleep, 1000))            --> false reason
  print(step())                            --> true
  print(pcall(tri.sleep, 1000))            --> false reason
  print(step())                            --> over
  print(pcall(tri.sleep, 1000))            --> false reason
end)
g:join()
-- A G that waits outside of it is ended by a cancel; one that waits inside is not, also from a nested coroutine.
local started, go_on = tri.chan(1), tri.chan(1)
g = tri.go(function()
  shielded_generator()()
  started:send(true)
  tri.chan():recv()
end)
started:recv()
tri.yield()
g:cancel "outside"
print(g:join())                            --> false outside
g = tri.go(function()
  local step = coroutine.wrap(function()
    tri.shield(function()
      coroutine.wrap(function()
        started:send(true)
        print(go_on:recv())                --> inside true
      end)()
    end, math.huge)
  end)
  step()
  tri.sleep(1000)
end)
started:recv()
tri.yield()
g:cancel "afterwards"
tri.yield()
go_on:send "inside"
print(g:join())                            --> false afterwards
-- Another G that goes on with the generator has the shield, and who entered it has not.
local step
local first = tri.go(function()
  step = shielded_generator()
  step()
  tri.chan():recv()
end)
tri.yield()
local second = tri.go(function()
  tri.self():cancel "second"
  print(step())                            --> true
  tri.sleep(1000)
end)
print(second:join())                       --> false second
first:cancel "first"
print(first:join())                        --> false first
