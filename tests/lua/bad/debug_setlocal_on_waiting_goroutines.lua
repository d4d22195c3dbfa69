-- Locals of a C function in which another G waits stay as they are: the wait goes on as if nobody had tried.
local tri = require "trilune"
local sync = require "trilune.sync"

-- The coroutine in which each body runs can be looked at while it waits.
local called = 0
local ways = {
  function(ch) return ch:recv() end,
  function(ch) return select(2, tri.select { { ch }, timeout = 100 }) end,
  function(ch, shared) return select(2, tri.select { { ch }, { shared, "send", {} }, { shared, "send", "x" } }) end,
  function(ch) return tri.group(function(group) group:go(function() end) return ch:recv() end) end,
  function(ch) return tri.shield(function() return ch:recv() end, 100) end,
  function(ch) local v sync.once():call(function() v = ch:recv() end) return v end,
  function(ch) local v table.sort({ 1, 2 }, function(a, b) v = v or ch:recv() return a < b end) return v end,
  function(ch) local v string.gsub("a", "a", function() v = ch:recv() end) return v end,
}
for _, way in ipairs(ways) do
  local ch, shared, thread = tri.chan(), tri.channel(), nil
  local g = tri.go(function()
    thread = coroutine.running()
    return (way(ch, shared))
  end)
  for _ = 1, 5 do tri.yield() end
  local set = 0
  for level = 0, 20 do
    local info = debug.getinfo(thread, level, "S")
    if not info then break end
    for n = 1, 20 do
      local name, value = debug.getlocal(thread, level, n)
      if info.what == "C" then
        if debug.setlocal(thread, level, n, n % 2 == 0 and {} or nil) then set = set + 1 end
        -- Nor does it harm to call the finalizer of what is there.
        local mt = type(value) == "userdata" and debug.getmetatable(value)
        if mt and mt.__gc then called = called + 1 pcall(mt.__gc, value) end
      end
    end
  end
  collectgarbage() collectgarbage()
  ch:send("value")
  print(set, g:join())
end
--> 0 true value
--> 0 true value
--> 0 true value
--> 0 true value
--> 0 true value
--> 0 true value
--> 0 true value
--> 0 true value
print(called > 0)   --> true
