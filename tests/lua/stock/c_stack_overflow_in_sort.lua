-- Endless recursion through sort ends in a catchable "C stack overflow".
--! same-as-lua
local function f() table.sort({ 2, 1 }, f) end
local ok, m = pcall(f)
print(ok, m:match("C stack overflow"))   --> false C stack overflow
local t = { 3, 1, 2 }
table.sort(t)
print(table.concat(t))                   --> 123
