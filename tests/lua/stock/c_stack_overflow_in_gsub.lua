-- Endless recursion through gsub ends in a catchable "C stack overflow".
--! same-as-lua
local function f() return (string.gsub("a", "a", f)) end
local ok, m = pcall(f)
print(ok, (m:gsub("^.-/?([^/]*)$", "%1")))
print(string.gsub("still works", "w", "W"))
