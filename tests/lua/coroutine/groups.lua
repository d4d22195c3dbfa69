--! options --preempt strand
-- Coroutines as members of a group; a group inside one that changes its
-- goroutine.
local tri = require "trilune"
local never = tri.chan()
local function steps(name)
  return coroutine.create(function(n)
    for i = 1, n do io.write(name, i, " ") coroutine.yield() end
  end)
end
tri.group(function(group)
  print(tri.go(print, "first") ~= nil)
  group:go(steps("a"), 2)
  group:go(steps("b"), 3)
end)
print()
--> true
--> first
--> a1 b1 a2 b2 b3
print(pcall(tri.group, function(group)
  group:go(coroutine.create(function() coroutine.yield() error("member", 0) end))
  group:go(coroutine.create(function() never:recv() end))
  coroutine.wrap(function() never:recv() end)()
end))                                             --> false member

-- The function of a group runs in a coroutine that becomes a goroutine; then a
-- member fails, and interrupts the function there, in no other goroutine.
local member
local co = coroutine.create(function()
  return pcall(tri.group, function(group)
    member = tri.chan()
    group:go(function() member:recv() error("member", 0) end)
    coroutine.yield("suspended")
    never:recv()
  end)
end)
print(coroutine.resume(co))                       --> true suspended
local g = tri.go(co)
tri.yield()
member:send(1)
print(g:join())                                   --> true false member
print(never:recv(0.001))                          --> nil nil timeout

-- The same, if it fails before the coroutine becomes one.
co = coroutine.create(function()
  local ok, e = pcall(tri.group, function(group)
    group:go(function() error("early", 0) end)
    coroutine.yield("suspended")
    never:recv()
  end)
  return ok, e, never:recv(0.001)
end)
print(coroutine.resume(co))                       --> true suspended
tri.yield()
tri.yield()
print(tri.go(co):join())                          --> true false early nil nil timeout
print(never:recv(0.001))                          --> nil nil timeout
