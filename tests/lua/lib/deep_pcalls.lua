-- Gs that loop and recurse through pcall are cancelled when they are some 20,000 levels deep. Prints how each ends, and
-- whether what was raised climbed but a few levels: each that it climbs catches it and goes on. And whether the handlers
-- of the levels below have run.
local tri = require "trilune"
local ERRORS <const> = 100
local stops = {}
-- A level's end notes what ends it. A C function: what is raised at each instruction does not keep it from that.
local level = setmetatable(stops, { __close = table.insert })

-- A function that calls itself by call(f, ...) for ever. Each error of Lua's limit of nested C calls lets it get some
-- 190 levels deeper.
local function recursion(extra, call, ...)
  local errors, handler = 0, ...
  local function f()
    while true do
      call(function()
        local _ <close> = level
        f()
      end, handler)
      errors = errors + 1
      if errors == ERRORS then tri.self():cancel "stop" end
      if extra then extra() end
    end
  end
  return f
end
local function wait() pcall(tri.yield) end

local mutex = require "trilune.sync".mutex()
local ways = {
  { "goroutine", function() recursion(nil, pcall)() end },
  { "xpcall", function() recursion(nil, xpcall, function(e) return e end)() end },
  { "coroutine", function() while true do coroutine.resume(coroutine.create(recursion(nil, pcall))) end end },
  { "wrap", function() while true do pcall(coroutine.wrap(recursion(nil, pcall))) end end },
  { "coroutine of a goroutine", coroutine.create(recursion(nil, pcall)) },
  { "beside a wait", function() recursion(wait, pcall)() end },
  { "close handler", function()
    local held <close> = mutex:lock()
    recursion(nil, pcall)()
  end },
}
return function(...)
  for _, way in ipairs(ways) do
    for _, name in ipairs(#{...} > 0 and {...} or { way[1] }) do
      if name == way[1] then
        local ok, e = tri.go(way[2]):join()
        local climbed = 0
        for i = #stops, 1, -1 do
          if stops[i] == "stop" then climbed = climbed + 1 end
          stops[i] = nil
        end
        print(name, ok, e, climbed < 100, mutex:trylock() and not mutex:unlock())
      end
    end
  end
end
