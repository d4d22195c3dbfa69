-- Channels, select, timeouts and joins work beside Gs that only compute.
--! options --procs 1 --slice 1ms
local tri = require "trilune"
local stop = false
local function compute() while not stop do end end
local hogs = { tri.go(compute), tri.go(compute) }
local a, b = tri.chan(), tri.chan(3)
local answers = tri.go(function()
  for v in a:iter() do b:send(2 * v) end
  b:close()
end)
local sum = 0
for i = 1, 20 do
  a:send(i)
  sum = sum + b:recv()
end
a:close()
print(sum, answers:join())                                --> 420 true
print(tri.select { { a }, { tri.chan() } })               --> 1 nil false
print(tri.select { { tri.chan() }, timeout = 0.01 })      --> timeout
print(tri.chan():recv(0.01))                              --> nil nil timeout
print(tri.go(function() return 1, 2, 3 end):join())       --> true 1 2 3
print(hogs[1]:join(0.01))                                 --> nil timeout
tri.sleep(0.01)
stop = true
print(hogs[1]:join(), hogs[2]:join())                     --> true true
