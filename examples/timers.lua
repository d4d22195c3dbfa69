-- Timers: a tick, a deadline and a countdown. One select waits for all three.
--
-- Run it: trilune timers.lua
local tri = require "trilune"

local started = tri.now()
local function say(what)
  print(("%4.1f s  %s"):format(tri.now() - started, what))
end

local countdown = tri.chan()
tri.go(function()
  for n = 3, 1, -1 do
    countdown:send(n)
    tri.sleep(0.25)
  end
  countdown:close()
end)

local tick = tri.tick(0.4)
local deadline = tri.after(1.5)
local beats = 0

while true do
  local i, value, ok = tri.select { { countdown }, { tick }, { deadline } }
  if i == 1 and ok then
    say("countdown: " .. value)
  elseif i == 1 then
    say("lift-off")
    countdown = nil -- a nil channel is never ready, so this case is off now
  elseif i == 2 then
    beats = beats + 1
    say("tick " .. beats)
  else
    say("the deadline; " .. beats .. " ticks came before it")
    break
  end
end
tick:stop()
