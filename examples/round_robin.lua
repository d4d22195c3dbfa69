-- A classic round-robin scheduler: tasks are coroutines that yield now and
-- then, and a loop resumes each in turn. One line makes goroutines of the same
-- tasks. Then they may also sleep, wait for channels, and compute for as long
-- as they like, while the others go on.
--
-- Run it: trilune round_robin.lua
--     or: trilune round_robin.lua classic      to see the loop do it
local tri = require "trilune"

-- The tasks, as they were written for the loop. Nothing in them is changed.
local function countdown(name, n)
  for i = n, 1, -1 do
    print(("%s %s"):format(name, ("*"):rep(i)))
    coroutine.yield()
  end
  return name .. " is done"
end

local tasks = {}
for i, name in ipairs { "ann", "ben", "cleo" } do
  tasks[i] = coroutine.create(function() return countdown(name, i + 1) end)
end

-- The loop. A task that waits stops all of them.
local function classic(list)
  local running, results = #list, {}
  while running > 0 do
    for i, task in ipairs(list) do
      if coroutine.status(task) ~= "dead" then
        results[i] = table.pack(coroutine.resume(task))
        if coroutine.status(task) == "dead" then running = running - 1 end
      end
    end
  end
  return results
end

local run = ... == "classic" and classic or tri.scheduler -- the one line

for _, result in ipairs(run(tasks)) do print(table.unpack(result, 1, result.n)) end
