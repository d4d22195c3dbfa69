-- Programs that do not want to end, and their trial: each limit ends each, with its reason.
local tri = require "trilune"
local M = {}

M.programs = {
  loop = function() while true do end end,
  pcall_loop = function() while true do pcall(function() while true do end end) end end,
  pcall_of_c = function() while true do pcall(error) end end,
  fresh_coroutines = function()
    while true do
      coroutine.wrap(function() local x = 0 for i = 1, 10 do x = x + i end end)()
    end
  end,
  coroutines_that_loop = function()
    while true do coroutine.resume(coroutine.create(function() while true do end end)) end
  end,
  message_handlers = function()
    while true do xpcall(function() while true do end end, function() while true do end end) end
  end,
  close_handlers = function()
    local c <close> = setmetatable({}, { __close = function() while true do end end })
    while true do end
  end,
  finalizers = function()
    setmetatable({}, { __gc = function() while true do pcall(function() while true do end end) end end })
    collectgarbage()
    while true do end
  end,
  finalizers_of_files = function()
    getmetatable(io.stdout).__gc = function() while true do pcall(function() while true do end end) end end
    io.tmpfile() io.tmpfile()
    collectgarbage()
    while true do end
  end,
  own_count_hook = function()
    debug.sethook(function() end, "", 1000)
    while true do pcall(function() while true do end end) end
  end,
  own_line_hook_that_loops = function()
    debug.sethook(function() while true do end end, "l")
    while true do pcall(function() while true do end end) end
  end,
  own_hook_that_fails = function()
    local inside
    debug.sethook(function() if inside then inside = false error("in the hook") end end, "", 100)
    while true do
      pcall(function() inside = true while true do end end)
      inside = false
    end
  end,
  shields = function()
    local tri = require "trilune"
    while true do tri.shield(function() while true do end end, 1000) end
  end,
  gs_for_ever = function()
    local tri = require "trilune"
    while true do tri.go(function() end) tri.yield() end
  end,
  comparators = function()
    while true do
      local t = {}
      for i = 1, 100 do t[i] = i end
      table.sort(t, function(a, b) return a > b end)
    end
  end,
  gsub_callbacks = function()
    while true do
      string.gsub(("x"):rep(1000), "x", function() pcall(function() while true do end end) end)
    end
  end,
  metamethods = function()
    local t = setmetatable({}, { __index = function() while true do pcall(function() while true do end end) end end })
    while true do pcall(function() return t.x end) end
  end,
  loaders = function()
    while true do load(function() while true do end end) end
  end,
  spawns_for_ever = function()
    local tri = require "trilune"
    while true do
      tri.spawn(function() while true do pcall(function() while true do end end) end end)
      tri.sleep(0.005)
    end
  end,
  spawns_and_joins = function()
    local tri = require "trilune"
    while true do tri.spawn(function() end):join() end
  end,
}

-- These wait: only the time ends them.
M.waiting = {
  sleeps = function() while true do pcall(require("trilune").sleep, 1000) end end,
  shielded_sleeps = function()
    local tri = require "trilune"
    while true do pcall(tri.shield, function() tri.sleep(1000) end, 1000) end
  end,
  receives = function()
    local ch = require("trilune").channel()
    require("trilune").after(1000)
    while true do pcall(ch.recv, ch, 1000) end
  end,
  joins = function()
    local tri = require "trilune"
    local g = tri.spawn(function() require("trilune").sleep(1000) end)
    while true do pcall(g.join, g) end
  end,
}

-- Prints the names of those that did not end with `reason`.
function M.try(programs, options, reason)
  local names = {}
  for name in pairs(programs) do names[#names + 1] = name end
  table.sort(names)
  local bad = 0
  for _, name in ipairs(names) do
    options.name = name
    local ok, e = tri.spawn(options, programs[name]):join(50)
    if ok ~= false or e ~= reason then
      bad = bad + 1
      print(name, ok, e)
    end
  end
  print(#names - bad == #names, "with", reason)
end

return M
