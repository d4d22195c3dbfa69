-- Long reads, long writes and loops of lines on what is always ready give the others of the strand their turns, in every
-- mode of preemption; limits and cancels end them.
--! timeout 120
local tri = require "trilune"
local function turns(use)
  local tri = require "trilune"
  local n, stop = 0, false
  tri.go(function() while not stop do n = n + 1 tri.yield() end end)
  tri.yield()
  local before = n
  use(function() return n - before end)
  stop = true
  return n - before
end
-- Each goes on until the ticker has had some turns; but one call has to give way by itself.
local uses = {
  device = function(turns) repeat io.open("/dev/zero"):read(64 << 20) until turns() > 3 end,
  pipe = function(turns) repeat io.popen("head -c 30000000 /dev/zero"):read("a") until turns() > 3 end,
  lines = function(turns)
    for _ in io.open("/dev/zero"):lines(4096) do if turns() > 3 then break end end
  end,
  file = function(turns)
    local f <close> = io.tmpfile()
    f:write(("x"):rep(16 << 20))
    repeat f:seek("set") f:read("l") until turns() > 3
  end,
  write = function(turns)
    local f <close> = io.open("/dev/null", "w")
    local data = ("x"):rep(16 << 20)
    repeat f:write(data, data) until turns() > 3
  end,
}
for _, mode in ipairs { "signal", "count:1000", "strand", "off" } do
  for name, use in pairs(uses) do
    local ok, n = tri.spawn({ preempt = mode, memory = "1G" }, turns, use):join()
    if not ok or n < 3 then print(mode, name, ok, n) end
  end
end
print("all gave way") --> all gave way

local calls = {
  function() return #io.open("/dev/zero"):read("l") end,
  function() return #io.open("/dev/zero"):read("a") end,
  function() while true do io.open("/dev/zero"):read(1 << 20) end end,
  function() for _ in io.open("/dev/zero"):lines(1 << 16) do end end,
  function()
    local data, f = ("x"):rep(1 << 20), io.open("/dev/null", "w")
    while true do f:write(data) end
  end,
  function() while true do pcall(function() return io.open("/dev/zero"):read("l") end) end end,
}
for _, mode in ipairs { "signal", "off" } do
  for i, call in ipairs(calls) do
    local ok, e = tri.spawn({ time = 0.05, memory = "4G", preempt = mode }, call):join()
    if ok ~= false or not tostring(e):find("time limit") then print("limit", mode, i, ok, e) end
  end
end
print("limits end them") --> limits end them

for i, call in ipairs(calls) do
  local g = tri.go(call)
  tri.yield()
  g:cancel("stop")
  local ok, e = g:join()
  if ok ~= false or e ~= "stop" then print("cancel", i, ok, e) end
end
print("cancels end them") --> cancels end them
