-- A G waits on a shared channel from any C function that calls Lua: sort, gsub, metamethods, coroutines.
local tri = require "trilune"
local ch = tri.channel()
tri.go(function() for i = 1, 100 do ch:send(i) end end)
local t = { 3, 1, 2 }
table.sort(t, function(a, b) ch:recv() return a < b end)
print(table.concat(t, " "))                                        --> 1 2 3
print((("ab"):gsub(".", function() return math.type(ch:recv()) end)))  --> integerinteger
local mt = setmetatable({}, { __index = function() return math.type(ch:recv()) end })
print(mt.x)                                                        --> integer
print(coroutine.wrap(function() coroutine.yield(math.type((ch:recv()))) end)())  --> integer
