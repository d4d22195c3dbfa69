-- Endless Lua recursion in a G is an ordinary error of that G.
local tri = require "trilune"
local function f() return 1 + f() end
local g = tri.go(f)
local h = tri.go(function() tri.yield() return pcall(f) end)
local ok, m = g:join()
print(ok, m:match("stack overflow"))          --> false stack overflow
local joined, caught, m2 = h:join()
print(joined, caught, m2:match("stack overflow"))  --> true false stack overflow
