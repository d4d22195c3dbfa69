-- What a script's hook runs itself counts, as in stock Lua: each event comes where lua5.4 has it, in every mode.
--! same-as-lua
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local function work()
  local t = {}
  for i = 1, 40 do
    t[i] = (i * 7919) % 61
  end
  table.sort(t, function(a, b) return a < b end)
  pcall(error, "x")
  local s = ("abc"):gsub("%w", function(c)
    return c:byte()
  end)
  return fib(8) + t[1] + #s
end

local function run(mask, count, spins)
  local events, hash = 0, 0
  debug.sethook(function(event, line)
    events = events + 1
    local info = debug.getinfo(2, "Sl")
    hash = (hash * 31 + #event + (line or 0) + info.currentline) % 1000000007
    for _ = 1, spins do hash = hash + 1 end
  end, mask, count)
  local result = work()
  debug.sethook()
  print(mask, count, spins, result, events, hash)
end
for _, mask in ipairs { "", "l", "c", "r", "crl" } do
  for _, count in ipairs { 1, 2, 3, 7, 10, 64, 99, 100, 101, 250, 999, 1000, 1001, 1500, 2500, 4000 } do
    for _, spins in ipairs { 0, 3, 400 } do run(mask, count, spins) end
  end
end

-- Hooks that set another hook, that raise, and that are set in a coroutine.
local n = 0
local function change(event)
  n = n + 1
  debug.sethook(change, "", 50 + n % 70)
  for _ = 1, n % 90 do end
end
debug.sethook(change, "", 30)
work() work()
debug.sethook()
print("changed", n)
local fired, caught = 0, 0
debug.sethook(function() fired = fired + 1 if fired % 2 == 0 then error("hook") end end, "", 1777)
for _ = 1, 200 do if not pcall(work) then caught = caught + 1 end end
debug.sethook()
print("raised", fired, caught)
local co = coroutine.create(function() for i = 1, 5 do work() coroutine.yield(i) end end)
local inside = 0
debug.sethook(co, function() inside = inside + 1 for _ = 1, 20 do end end, "", 37)
while coroutine.resume(co) and coroutine.status(co) ~= "dead" do end
print("coroutine", inside, debug.gethook(co) ~= nil, select(3, debug.gethook(co)))
