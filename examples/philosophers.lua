-- The dining philosophers: five of them share five forks, and each needs two to
-- eat. Forks are mutexes. A philosopher always takes the lower fork first, so
-- there can be no circle in which each waits for the next.
--
-- Run it: trilune philosophers.lua
--     or: trilune philosophers.lua greedy      to see what happens otherwise
local tri = require "trilune"
local sync = require "trilune.sync"

local greedy = ... == "greedy"
local names = { "Aristotle", "Hypatia", "Confucius", "Ada", "Simone" }
local meals = 3

local forks = {}
for i = 1, #names do forks[i] = sync.mutex() end

local function dine(i, report)
  local left, right = i, i % #names + 1
  if not greedy and left > right then left, right = right, left end
  for meal = 1, meals do
    tri.sleep(0.01) -- thinks
    local first <close> = forks[left]:lock()
    if greedy then tri.sleep(0.01) end -- time for everybody to take one
    local second <close> = forks[right]:lock()
    report:send { i, meal }
    tri.sleep(0.01) -- eats
  end
end

local report = tri.chan()
tri.go(function()
  tri.group(function(group)
    for i = 1, #names do group:go(dine, i, report) end
  end)
  report:close()
end)

local plates = {}
for i = 1, #names do plates[i] = "" end
for meal in report:iter() do
  local i = meal[1]
  plates[i] = plates[i] .. "*"
  print(("%-10s eats meal %d"):format(names[i], meal[2]))
end
for i, name in ipairs(names) do print(("%-10s %s"):format(name, plates[i])) end
print("everybody has eaten, nobody waits")
