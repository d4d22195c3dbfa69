-- The count is exact to some thousands: a limit just above the need is enough, one below is not.
local tri = require "trilune"
local function program() for i = 1, 1e6 do end return "end" end
print((select(2, tri.spawn({ instructions = 1.2e6 }, program):join())))    --> end
print((select(2, tri.spawn({ instructions = 0.9e6 }, program):join())))    --> instruction limit (900000) exceeded
-- So they are with hooks of the script's own, and in these: there by their time.
print((select(2, tri.spawn({ instructions = 5e6 }, function()
  debug.sethook(type, "", 10)
  for i = 1, 6e6 do end
end):join())))  --> instruction limit (5000000) exceeded
print((select(2, tri.spawn({ instructions = 5e6 }, function()
  debug.sethook(function() for i = 1, 1e5 do end end, "", 1000)
  for i = 1, 1e6 do end
end):join())))  --> instruction limit (5000000) exceeded
-- A hook that fails, and one that waits.
print((select(2, tri.spawn({ instructions = 5e6 }, function()
  debug.sethook(function() for i = 1, 1e5 do end error "x" end, "", 1000)
  while true do pcall(function() for i = 1, 1e4 do end end) end
end):join())))  --> instruction limit (5000000) exceeded
print((select(2, tri.spawn({ instructions = 5e6 }, function()
  local yield = require("trilune").yield
  debug.sethook(function() yield() for i = 1, 1e5 do end end, "", 1000)
  for i = 1, 1e6 do end
end):join())))  --> instruction limit (5000000) exceeded
-- A long turn of one's own is cut.
print((select(2, tri.spawn({ instructions = 1e6, preempt = "count:1000000000" }, function()
  for i = 1, 1e8 do end
end):join())))  --> instruction limit (1000000) exceeded
-- The number of processors is everybody's.
print((select(2, tri.spawn({ instructions = 1e6 }, function()
  return select(2, pcall(require("trilune").procs, 1))
end):join())))  --> cannot change procs in an isolate with limits
