-- Calls without a program, and methods on something else.
local tri = require "trilune"
local function try(f, ...) print(select(2, pcall(f, ...))) end
try(tri.spawn)                    --> bad argument #1 to 'trilune.spawn' (function or module name expected, got no value)
try(tri.spawn, 12)                --> bad argument #1 to 'trilune.spawn' (function or module name expected, got number)
try(tri.spawn, {})                --> bad argument #2 to 'trilune.spawn' (function or module name expected, got no value)
try(tri.spawn, {}, {})            --> bad argument #2 to 'trilune.spawn' (function or module name expected, got table)
local g = tri.spawn(function() end)
try(function() g.join(1) end)         --> misuse.lua:9: bad argument #1 to 'join' (goroutine expected, got number)
try(function() g.join(tri.channel()) end)   --> misuse.lua:10: bad argument #1 to 'join' (goroutine expected, got channel)
try(function() g:join("x") end)       --> misuse.lua:11: bad argument #1 to 'join' (number expected, got string)
try(g.cancel, g, coroutine.create(print))   --> cannot send a thread (at reason)
print(tri.spawn({}, function() return 1 end):join())   --> true 1
