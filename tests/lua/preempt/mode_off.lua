-- With --preempt off a G that computes keeps the others waiting until it ends or waits.
--! options --preempt off --slice 100us
local tri = require "trilune"
local log = {}
local a = tri.go(function()
  for i = 1, 3e6 do end
  log[#log + 1] = "a"
end)
local b = tri.go(function() log[#log + 1] = "b" end)
for i = 1, 3e6 do end
log[#log + 1] = "main"
b:join()
print(table.concat(log, " "))                  --> main a b
print(tri.stats().preemptions)                 --> 0
