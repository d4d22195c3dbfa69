-- Code of a script that runs outside of its Gs has the limits of its isolate, too.
--! stderr-any
local tri = require "trilune"
local function try(limits, f) print((select(2, tri.spawn(limits, f):join(20)))) end
local function loop() while true do end end

-- Finalizers, in a collection while the isolate is idle.
local function idle()
  local tri = require "trilune"
  tri.go(function() error "x" end)
  setmetatable({}, { __gc = function() while true do end end })
  tri.sleep(99)
end
try({ time = 0.2 }, idle)                  --> time limit (0.2 s) exceeded
try({ instructions = 1e6 }, idle)          --> instruction limit (1000000) exceeded
-- __tostring, for the report of an error that nobody saw.
try({ time = 0.2 }, function()             --> time limit (0.2 s) exceeded
  local tri = require "trilune"
  tri.go(function() error(setmetatable({}, { __tostring = function() while true do end end })) end)
  tri.sleep(99)
end)
-- Gs and programs that end before a limit could be looked at.
local function chain()
  local tri = require "trilune"
  local function f() tri.go(f) end
  tri.go(f)
  tri.sleep(99)
end
try({ instructions = 1e6 }, chain)         --> instruction limit (1000000) exceeded
try({ cpu = 0.05 }, chain)                 --> CPU time limit (0.05 s) exceeded
try({ time = 0.2 }, function()             --> time limit (0.2 s) exceeded
  local tri = require "trilune"
  local function f(f) require("trilune").spawn(f, f) end
  tri.spawn(f, f)
  tri.sleep(99)
end)
-- load, which catches what its reader raises: in a hook and in a finalizer.
try({ time = 0.2 }, function()             --> time limit (0.2 s) exceeded
  debug.sethook(function()
    while true do load(function() while true do end end) end
  end, "", 1)
  while true do end
end)
try({ time = 0.2 }, function()             --> time limit (0.2 s) exceeded
  setmetatable({}, { __gc = function()
    while true do load(function() while true do end end) end
  end })
  collectgarbage()
end)
-- A shield that outlasts its isolate's end, around a call of the kernel.
try({ time = 0.1 }, function()             --> time limit (0.1 s) exceeded
  local tri = require "trilune"
  tri.shield(function() os.execute "sleep 0.3" end, 0.2)
end)
-- A coroutine in a finalizer as the isolate is closed: the program's end waits for it.
tri.spawn(function()
  setmetatable({}, { __gc = function() coroutine.wrap(function() while true do end end)() end })
end):join()
-- The reason of a cancellation is read outside of Gs: it is data.
local victim = tri.spawn(loop)
print(pcall(victim.cancel, victim, loop))  --> false bad argument #2 to '?' (a reason must be plain data)
print(victim:cancel "enough")              --> true

-- A finalizer that runs while the runtime does something for a G: here it makes the
-- traceback of an error that went up from a coroutine, on a state of its own.
local function in_tracebacks()
  local main, last = coroutine.running(), nil
  local function loop_there()
    local me = coroutine.running()
    while me ~= main and me == last do end
    if me ~= main then last = me end
  end
  while true do
    setmetatable({}, { __gc = loop_there })
    pcall(coroutine.wrap(function() error "x" end))
  end
end
try({ time = 0.2 }, in_tracebacks)         --> time limit (0.2 s) exceeded
try({ cpu = 0.1 }, in_tracebacks)          --> CPU time limit (0.1 s) exceeded
try({ instructions = 1e6 }, in_tracebacks) --> instruction limit (1000000) exceeded
-- The same, after a G has left its stack in a coroutine.
local function between_gs()
  local tri = require "trilune"
  local function loop_there() while tri.self() == nil do end end
  local function pause() tri.yield() end
  while true do
    setmetatable({}, { __gc = loop_there })
    local _ = ("x"):rep(math.random(1, 2000))
    tri.go(function() coroutine.running() end)
    coroutine.wrap(pause)()
  end
end
try({ time = 0.2 }, between_gs)            --> time limit (0.2 s) exceeded
try({ cpu = 0.1 }, between_gs)             --> CPU time limit (0.1 s) exceeded
