-- debug's upvalue, metatable and user value functions work as in stock.
--! same-as-lua
local a, b = 1, 2
local function f() return a, b end
local function g() return b end
print(debug.getupvalue(f, 1), debug.getupvalue(f, 2), debug.getupvalue(f, 3))
print(debug.setupvalue(f, 1, 10), a, debug.upvalueid(f, 2) == debug.upvalueid(g, 1))
local function h() local c = a return function() return c end end
debug.upvaluejoin(g, 1, h(), 1)
print(g())
debug.setmetatable(10, { __index = function(n, k) return k .. n end })
print((5).field, debug.getmetatable(3) ~= nil)
debug.setmetatable(10, nil)
print(pcall(function() return (5).field end))
print(debug.getuservalue(io.stdout), debug.setuservalue ~= nil, debug.getuservalue({}))
