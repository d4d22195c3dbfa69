-- Gs that do all that the library offers, at random, with errors, timeouts and cancellations, all come to an end.
--! timeout 120
--! stderr-any
local tri = require "trilune"
local sync = require "trilune.sync"
math.randomseed(42)
local chans = {}
for i = 1, 6 do chans[i] = tri.chan(i % 3) end
local m, rw, s = sync.mutex(), sync.rwmutex(), sync.semaphore(2)
local gs, random, act = {}, math.random, nil
local function any() return chans[random(#chans)] end
local function soon() return random() * 0.0005 end
local actions = {
  function() any():send({ 1 }, soon()) end,
  function() any():recv(soon()) end,
  function() tri.yield() end,
  function() tri.sleep(soon()) end,
  function() local held <close> = m:lock(0.001) tri.yield() end,
  function() local held <close> = rw:rlock(0.001) tri.yield() end,
  function() local held <close> = rw:lock(0.001) tri.yield() end,
  function() if s:acquire(1, 0.001) then pcall(tri.yield) s:release() end end,
  function() tri.select { { any() }, { any(), "send", { 2 } }, timeout = soon() } end,
  function(d) table.sort({ 3, 1, 2 }, function(a, b) act(d + 1) return a < b end) end,
  function(d) string.gsub("ab", ".", function() act(d + 1) end) end,
  function(d) coroutine.wrap(function() act(d + 1) coroutine.yield() end)() end,
  function(d) tri.group(function(group) group:go(act, d + 1) group:go(act, d + 1) act(d + 1) end) end,
  function(d) tri.go(act, d + 1):join(soon()) end,
  function() collectgarbage("step") end,
  function() local g = gs[random(#gs)] if g and random(3) == 1 then g:cancel() end end,
  function(d) if d > 1 then error("at random", 0) end end,
}
function act(d)
  if d <= 4 then actions[random(#actions)](d) end
end
for i = 1, 1500 do
  gs[i] = tri.go(function() for _ = 1, 20 do pcall(act, 1) end end)
  if i % 50 == 0 then tri.sleep(0.001) end
  if i % 500 == 0 then collectgarbage() end
end
for _, g in ipairs(gs) do g:join() end
print(m:lock(1) == m, rw:lock(1) == rw, s:acquire(2, 1) ~= nil)   --> true true true
