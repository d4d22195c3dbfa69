-- A cancelled G that never waits ends, whatever it catches, and its error is the reason.
--! options --procs 1 --slice 1ms
local tri = require "trilune"
local loops = {
  simple = function() while true do end end,
  ["for"] = function() for i = 1, math.huge do end end,
  recursion = function() local function f() return f() end return f() end,
  pcall = function() while true do pcall(next, {}) end end,
  pcall_loop = function() while true do pcall(function() while true do end end) end end,
  nested_pcall = function()
    local function f() while true do pcall(f) end end
    f()
  end,
  xpcall = function()
    while true do xpcall(function() while true do end end, function(e) return e end) end
  end,
  handler_errors = function()
    while true do xpcall(function() while true do end end, function() error "again" end) end
  end,
  wrap = function()
    local f = coroutine.wrap(function() while true do coroutine.yield() end end)
    while true do f() end
  end,
  wrap_inside = function() coroutine.wrap(function() while true do end end)() end,
  wrap_that_catches = function()
    while true do pcall(coroutine.wrap(function() while true do pcall(error) end end)) end
  end,
  resume = function()
    while true do coroutine.resume(coroutine.create(function() while true do end end)) end
  end,
  fresh_coroutines = function()
    while true do coroutine.resume(coroutine.create(function() end)) end
  end,
  sort = function()
    while true do
      pcall(table.sort, { 3, 1, 2 }, function(a, b) for _ = 1, 100 do end return a < b end)
    end
  end,
  gsub = function()
    while true do pcall(string.gsub, "abc", ".", function() for _ = 1, 100 do end end) end
  end,
  metamethod = function()
    local t = setmetatable({}, { __index = function() while true do end end })
    while true do pcall(function() return t.x end) end
  end,
  closes = function()
    while true do
      pcall(function()
        local x <close> = setmetatable({}, { __close = function() end })
        while true do end
      end)
    end
  end,
}
local names = {}
for name in pairs(loops) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
  local g = tri.go(loops[name])
  tri.sleep(0.005)
  g:cancel("enough")
  local ok, e = g:join(30)
  -- coroutine.wrap puts a position before it.
  if ok ~= false or not e:match("enough$") then print(name, ok, e) end
end
print("all ended")                             --> all ended
