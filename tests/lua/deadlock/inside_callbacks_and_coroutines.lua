-- The dump goes through C functions, and through the coroutines in which a G waits.
--! exit 2
--! stderr ^goroutine 1 \[chan recv
--! stderr inside_callbacks_and_coroutines.lua:13: in
--! stderr inside_callbacks_and_coroutines.lua:17: in
--! stderr 'table\.sort'
--! stderr ^goroutine 2 \[chan send
--! stderr inside_callbacks_and_coroutines.lua:21: in
--! stderr 'string\.gsub'
--! stderr inside_callbacks_and_coroutines.lua:26: in main chunk
local tri = require "trilune"
local function innermost()
  local v = tri.chan():recv()
  return v
end
local generator = coroutine.wrap(function()
  table.sort({ 2, 1 }, function() local r = innermost() return r end)
end)
tri.go(function()
  string.gsub("x", "x", function()
    local r = tri.chan():send(1)
    return r
  end)
end)
tri.yield()
generator()
