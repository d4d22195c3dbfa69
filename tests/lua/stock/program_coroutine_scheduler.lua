-- A round-robin scheduler written with plain coroutines runs its tasks in its own order.
--! same-as-lua
local tasks, log = {}, {}
local function spawn(name, steps)
  tasks[#tasks + 1] = coroutine.create(function()
    for i = 1, steps do
      log[#log + 1] = name .. i
      coroutine.yield()
    end
    if steps == 2 then error("task " .. name, 0) end
  end)
end
for i, name in ipairs { "a", "b", "c" } do spawn(name, i) end
while #tasks > 0 do
  for i = #tasks, 1, -1 do
    local ok, m = coroutine.resume(tasks[i])
    if not ok then log[#log + 1] = m end
    if coroutine.status(tasks[i]) == "dead" then table.remove(tasks, i) end
  end
end
print(table.concat(log, " "))   --> c1 b1 a1 c2 b2 c3 task b
