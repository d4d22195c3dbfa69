-- With --preempt count:N results stay right, below coroutines and hooks too, and Gs share.
--! options --procs 1 --preempt count:10
local tri = require "trilune"
local stop, n = false, 0
local hog = tri.go(function() while not stop do n = n + 1 end return "hog" end)
local t = {}
for i = 1, 200 do t[i] = i * 7919 % 1009 end
table.sort(t, function(a, b) return a < b end)
for i = 2, #t do assert(t[i - 1] < t[i]) end
local sum = 0
for i in coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end) do sum = sum + i end
local lines = 0
debug.sethook(function() lines = lines + 1 end, "l")
for i = 1, 10 do
  sum = sum + 1
end
debug.sethook()
print(sum, lines > 20, n > 100)                --> 5060 true true
stop = true
print(hog:join())                              --> true hog
print(debug.gethook())                         --> nil
local g = tri.go(function() while true do pcall(next) end end)
tri.yield()
g:cancel("enough")
print(g:join())                                --> false enough
