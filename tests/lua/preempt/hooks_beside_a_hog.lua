-- A debugger's hooks see exactly what they see under lua5.4, while preemption goes on.
--! same-as-lua
--! options --slice 50us
--! lua-options -W
local has_tri, tri = pcall(require, "trilune")
local stop, hog = false, nil
if has_tri then hog = tri.go(function() while not stop do end end) end

local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local function work()
  local t = {}
  for i = 1, 60 do
    t[i] = (i * 7919) % 61
  end
  table.sort(t, function(a, b)
    return a < b
  end)
  local s = ("abcabc"):gsub("%w", function(c)
    return c:byte()
  end)
  local sum = fib(10)
  for v in coroutine.wrap(function() for i = 1, 10 do coroutine.yield(i) end end) do
    sum = sum + v
  end
  pcall(error, "x")
  do
    local c <close> = setmetatable({}, { __close = function() sum = sum + 1 end })
  end
  return #s + sum, t[1]
end

local function run(mask, count)
  local events, hash = {}, 0
  debug.sethook(function(event, line)
    events[event] = (events[event] or 0) + 1
    local info = debug.getinfo(2, "Sl")
    hash = (hash * 31 + #event + (line or 0) + info.currentline) % 1000000007
  end, mask, count)
  local a, b = work()
  debug.sethook()
  local names = {}
  for event, n in pairs(events) do names[#names + 1] = event .. "=" .. n end
  table.sort(names)
  print(mask, count, a, b, hash, table.concat(names, " "))
end
for _ = 1, 3 do
  for _, mask in ipairs { "", "l", "c", "r", "cr", "lcr" } do
    for _, count in ipairs { 0, 1, 7, 1000, 1500, 2500, 100000 } do
      run(mask, count)
    end
  end
end
stop = true
if hog then assert(hog:join()) end
