-- A semaphore lets as many in as it counts; release makes room; count tells what is left.
local tri = require "trilune"
local sync = require "trilune.sync"
local s, inside, most, gs = sync.semaphore(3), 0, 0, {}
for i = 1, 20 do
  gs[i] = tri.go(function()
    s:acquire()
    inside = inside + 1
    most = math.max(most, inside)
    tri.yield()
    inside = inside - 1
    s:release()
  end)
end
for _, g in ipairs(gs) do assert(g:join()) end
print(most, s:count())                        --> 3 3
print(s:acquire(2) ~= nil, s:count())         --> true 1
print(s:tryacquire(2), s:tryacquire())        --> false true
print(s:acquire(1, 0), s:acquire(1, 0.002))   --> nil nil timeout
s:release(5)
print(s:count(), sync.semaphore(0):count())   --> 5 0
