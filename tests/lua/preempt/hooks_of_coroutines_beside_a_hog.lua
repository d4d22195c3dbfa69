-- Hooks set on other coroutines, inherited, removed in the hook, or that raise, as under lua5.4.
--! same-as-lua
--! options --slice 50us
--! lua-options -W
local has_tri, tri = pcall(require, "trilune")
local stop, hog = false, nil
if has_tri then hog = tri.go(function() while not stop do end end) end

for round = 1, 100 do
  local show = round == 100 and print or function() end
  local function body()
    local n = 0
    for i = 1, 10 do
      n = n + i
      if i % 5 == 0 then coroutine.yield(n) end
    end
    return n
  end
  -- For another coroutine.
  local co, lines = coroutine.create(body), {}
  local function hook(_, line) lines[#lines + 1] = line end
  debug.sethook(co, hook, "l")
  show(debug.gethook(co) == hook, select(2, debug.gethook(co)), select(3, debug.gethook(co)))
  show(debug.gethook())
  coroutine.resume(co)
  debug.sethook(co, hook, "l", 3)
  show(select(2, debug.gethook(co)), select(3, debug.gethook(co)))
  coroutine.resume(co)
  debug.sethook(co)
  show(debug.gethook(co))
  coroutine.resume(co)
  show(coroutine.status(co), table.concat(lines, " "))
  -- A new coroutine inherits the hook, but its function only where it is set.
  local calls = 0
  debug.sethook(function() calls = calls + 1 end, "l")
  local inherits = coroutine.create(body)
  show((debug.gethook(inherits)), select(2, debug.gethook(inherits)))
  coroutine.resume(inherits)
  debug.sethook()
  show(calls)
  -- Removed in the hook.
  local left = 5
  debug.sethook(function()
    left = left - 1
    if left == 0 then debug.sethook() end
  end, "", 1)
  for _ = 1, 100 do end
  show(left, debug.gethook())
  -- Replaced in the hook.
  local first, second = 0, 0
  debug.sethook(function()
    first = first + 1
    debug.sethook(function() second = second + 1 end, "", 7)
  end, "", 3)
  for _ = 1, 100 do end
  debug.sethook()
  show(first, second)
  -- A hook that raises.
  for _, count in ipairs { 1, 100, 1500 } do
    show(pcall(function()
      debug.sethook(function() debug.sethook() error("from the hook " .. count, 0) end, "", count)
      for _ = 1, 1e6 do end
    end))
  end
  show(pcall(function()
    local f = coroutine.wrap(function()
      debug.sethook(function() error("in a coroutine", 0) end, "l")
      local x = 1
      return x
    end)
    f()
  end))
  -- Coroutines used in a hook.
  local seen = {}
  debug.sethook(function(_, line)
    local f = coroutine.wrap(function(x) coroutine.yield(x) end)
    seen[#seen + 1] = f(line)
    local c = coroutine.create(function()
      local y <close> = setmetatable({}, { __close = function() seen[#seen + 1] = "c" end })
      coroutine.yield()
    end)
    coroutine.resume(c)
    coroutine.close(c)
  end, "l")
  local a = 1
  local b = a + 1
  debug.sethook()
  show(b, table.concat(seen, " "))
end
stop = true
if hog then assert(hog:join()) end
