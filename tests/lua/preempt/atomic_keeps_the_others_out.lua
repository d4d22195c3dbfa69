-- No other G of the isolate runs during trilune.atomic; without it they do.
--! options --slice 50us
--! stderr-any
local tri = require "trilune"
local a, b, stop = 0, 0, false
local function move() b = b - 1 a = a + 1 end
local movers = {}
for i = 1, 3 do
  movers[i] = tri.go(function()
    while not stop do
      tri.atomic(function()
        a = a + 1
        for _ = 1, 300 do end
        b = b - 1
      end)
    end
  end)
end
local torn = 0
local before = tri.stats().preemptions
repeat
  tri.atomic(function()
    local sum = a + b
    for _ = 1, 1000 do
      if a + b ~= sum then torn = torn + 1 end
    end
    if sum ~= 0 then torn = torn + 1 end
  end)
until tri.stats().preemptions - before > 200
stop = true
for i = 1, 3 do assert(movers[i]:join()) end
print(torn, a > 0)                             --> 0 true
