-- A finalizer brings a handle back whose own finalizer is still to come: Lua calls
-- them a few at a time. A G may wait through it nevertheless.
collectgarbage("incremental")
local tri = require "trilune"
local saved
-- Makes garbage of `handle`, and waits until a finalizer has saved it.
local function bring_back(make)
  saved = nil
  do
    local many, quiet = {}, { __gc = function() end }
    many.handle = make()
    for i = 1, 20000 do many[i] = setmetatable({}, quiet) end
    many.saver = setmetatable({ many.handle }, { __gc = function(o) saved = o[1] end })
  end
  while not saved do local _ = {} end
end
local function wait(name, make, f)
  bring_back(make)
  local g = tri.go(f)
  tri.yield()
  collectgarbage() collectgarbage()
  print(name, g:status())
  return g
end
local function channel() return tri.channel() end

local g = wait("recv", channel, function() return saved:recv() end)  --> recv waiting
saved:send "sent"
print(g:join())                       --> true sent true
g = wait("send", channel, function() return saved:send "sent" end)  --> send waiting
print(saved:recv())                   --> sent true
print(g:join())                       --> true true
g = wait("select", channel, function()
  return tri.select { { saved }, { tri.channel() }, { saved } }
end)                                  --> select waiting
saved:send "sent"
print(select(3, g:join()))            --> sent true
g = wait("iter", channel, function() for v in saved:iter() do return v end end)  --> iter waiting
saved:send "sent"
print(g:join())                       --> true sent
-- Cancelled, with nothing else that refers to the channel.
g = wait("cancel", channel, function() return saved:recv() end)  --> cancel waiting
saved = nil
collectgarbage()
g:cancel()
print(g:join())                       --> false cancelled
local release = tri.channel()
g = wait("join", function()
  return tri.spawn(function(ch) return ch:recv() end, release)
end, function() return saved:join() end)  --> join waiting
release:send "ended"
print(g:join())                       --> true true ended true
-- A handle whose time has come says so.
for _, use in ipairs { function() return #saved end, function() return saved:send(1) end,
                       function() return tri.select { { saved, "send", 1 } } end } do
  bring_back(channel)
  collectgarbage()
  print((select(2, pcall(use)):gsub("^.-:%d+: ", "")))
end
--> the channel's handle has been collected
--> the channel's handle has been collected
--> the channel's handle has been collected
bring_back(function() return tri.spawn(function() end) end)
collectgarbage()
print(pcall(saved.join, saved))  --> false the goroutine's handle has been collected
