--! same-as-lua
-- The debug library's functions that are ours give stock Lua's results and errors.
local function show(...) print(pcall(...)) end
local function f(a, b, ...)
  local c = a
  print(debug.getlocal(1, 1), debug.getlocal(1, 3))
  print(debug.getlocal(1, -1))
  print(debug.setlocal(1, 3, "new"), c, debug.setlocal(1, -1, "vararg"), ...)
  print(debug.setlocal(1, 99, 1), debug.setlocal(1, -99, 1), debug.getlocal(1, 99))
end
f("a", "b", "c")
show(debug.getlocal, f, 1) show(debug.getlocal, f, 2) show(debug.getlocal, f, 3) show(debug.getlocal, print, 1)
show(debug.getlocal, 200, 1) show(debug.setlocal, 200, 1, 1) show(debug.setlocal, -1, 1, 1)
show(debug.getlocal) show(debug.getlocal, "x", 1) show(debug.setlocal, 1, 1) show(debug.getlocal, {}, 1)
print(debug.getlocal(0, 1), debug.getlocal(0, 2))
local co = coroutine.create(function(x) local y = coroutine.yield(x) return y end)
coroutine.resume(co, 5)
print(debug.getlocal(co, 1, 1)) print(debug.setlocal(co, 1, 1, 6), debug.getlocal(co, 1, 1))
show(debug.getlocal, co, 9, 1) show(debug.setlocal, co, 9, 1, 2) show(debug.getlocal, co, f, 2)
local up1, up2 = 1, 2
local function g() return up1, up2 end
print(debug.setupvalue(g, 1, 10), debug.setupvalue(g, 2, 20), debug.setupvalue(g, 3, 30), g())
show(debug.setupvalue, g, 1) show(debug.setupvalue, 1, 1, 1) show(debug.setupvalue, g, "x", 1)
show(debug.setupvalue, print, 1, 1) print(debug.getupvalue(string.gmatch("x", "x"), 1) == "")
local mt = {}
print(debug.setmetatable(10, mt), getmetatable(20) == mt, debug.setmetatable(10, nil), getmetatable(1))
local t = {}
print(debug.setmetatable(t, { __metatable = 1 }) == t, getmetatable(t), debug.setmetatable(t) == t, getmetatable(t))
show(debug.setmetatable, t, 1) show(debug.setmetatable, t, "x") show(debug.setmetatable)
print(pcall(debug.setmetatable, io.tmpfile(), nil))
