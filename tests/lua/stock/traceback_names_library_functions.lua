-- Tracebacks name the functions of the libraries as stock does, coroutine functions included.
--! same-as-lua
local function show() print(debug.traceback("here")) end
table.sort({ 2, 1 }, function(a, b) show() return a < b end)
string.gsub("a", "a", function() show() end)
pcall(show)
xpcall(show, print)
coroutine.wrap(function() show() end)()
print(xpcall(function() coroutine.resume(1) end, debug.traceback))
print(xpcall(function() coroutine.wrap(function() error("in wrap") end)() end, debug.traceback))
print(xpcall(function() coroutine.close(coroutine.running()) end, debug.traceback))
print(xpcall(function() debug.sethook(1, 2, 3) end, debug.traceback))
