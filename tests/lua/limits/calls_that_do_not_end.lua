-- Who joins a program at its limit is told, also while that is in the kernel, or in a
-- C function, neither of which can be interrupted. A C function keeps its thread until
-- it returns; nobody waits for that at the end either.
local tri = require "trilune"
print((select(2, tri.spawn({ time = 0.1 }, function()
  os.execute "exec sleep 30 >/dev/null 2>&1 </dev/null"
end):join(20))))              --> time limit (0.1 s) exceeded
-- One of several Gs, but not the program's own: that one ends as ever.
print((select(2, tri.spawn({ time = 0.1 }, function()
  local tri = require "trilune"
  tri.go(os.execute, "exec sleep 30 >/dev/null 2>&1 </dev/null")
  tri.sleep(30)
end):join(20))))              --> time limit (0.1 s) exceeded
local stuck = tri.spawn({ time = 0.1, name = "stuck" }, function() return string.rep("", 1 << 61) end)
print((select(2, stuck:join(20))))  --> time limit (0.1 s) exceeded
print(stuck:status())         --> dead
print(stuck:cancel())         --> false
-- One that waits, while another has used up what they share.
local handles = tri.channel(1)
local spender = tri.spawn({ instructions = 1e6 }, function(handles)
  local tri = require "trilune"
  handles:send(tri.spawn(function() require("trilune").channel(1):recv(1e6) end))
  while true do end
end, handles)
local waiting = handles:recv()
print((select(2, spender:join(20))))  --> instruction limit (1000000) exceeded
print((select(2, waiting:join(20))))  --> instruction limit (1000000) exceeded
print(tri.spawn(function() return "others go on" end):join())  --> true others go on
os.exit(0)
