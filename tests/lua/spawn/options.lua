-- Options may come first.
local tri = require "trilune"
local g = tri.spawn({ name = "parser", memory = "64M", message = "1K", instructions = 1e9, time = 50, cpu = 10,
                      goroutines = 100, preempt = "count:1000" }, function(...) return ... end, 1, 2)
print(g:join())                                     --> true 1 2
print((tostring(g):gsub("%d+", "N", 1)))            --> goroutine N (isolate 'parser')
print(tri.spawn({}, function() return "none" end):join())   --> true none
for _, mode in ipairs { "signal", "strand", "off", "count:1" } do
  print(mode, tri.spawn({ preempt = mode }, function() local n = 0 for i = 1, 1e4 do n = n + i end return n end):join())
end
--> signal true 50005000
--> strand true 50005000
--> off true 50005000
--> count:1 true 50005000
