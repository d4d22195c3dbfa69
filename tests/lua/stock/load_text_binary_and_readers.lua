-- load takes strings, binary chunks and reader functions, a mode and an environment.
--! same-as-lua
print(load("return 1 + ...")(41))
local f = load(string.dump(function(a) return a, x end), "dumped", "b", { x = "from env" })
print(f(1))
print(load("return 1", "=name", "b"))
print(load(string.dump(f), "=name", "t"))
local pieces = { "return ", "7", " * ", "6", nil }
local i = 0
print(load(function() i = i + 1 return pieces[i] end)())
print(load(function() error("reader failed", 0) end))
print(load(function() return {} end))
print(load("return ...", "=(chunk)", "t", {})("vararg"))
print(load("a b", "@file.lua"))
print(load("a b", "a b\nsecond line"))
print(pcall(load("error('position')", "=named")))
print(load("\27Lua garbage"))
