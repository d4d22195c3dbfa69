-- The close handlers that an uncaught error of a G runs may wait; the error is kept for join.
local tri = require "trilune"
local ch, log = tri.chan(), {}
local function tbc(name)
  return setmetatable({}, { __close = function(_, e)
    tri.yield()
    log[#log + 1] = name .. " " .. tostring(ch:recv()) .. " " .. tostring(e)
    tri.sleep(0.001)
  end })
end
local gs = {}
for i = 1, 5 do
  gs[i] = tri.go(function()
    local a <close> = tbc("a" .. i)
    local b <close> = tbc("b" .. i)
    if i % 2 == 0 then tri.yield() end
    error("E" .. i, 0)
  end)
end
for i = 1, 10 do ch:send("v") end
for i = 1, 5 do
  local ok, e = gs[i]:join()
  assert(ok == false and e == "E" .. i, e)
end
table.sort(log)
print(#log, log[1], log[10])   --> 10 a1 v E1 b5 v E5
