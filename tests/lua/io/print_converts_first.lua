-- print converts all of its arguments before it writes: they may print, fail or wait.
local tri = require "trilune"
local loud = setmetatable({}, { __tostring = function() print("inner") return "loud" end })
print("a", loud, 1, 2.0, nil, true) --> inner
--> a loud 1 2.0 nil true
local bad = setmetatable({}, { __tostring = function() error("bad", 0) end })
print(pcall(print, "never seen", bad)) --> false bad
print(pcall(print, "never seen", setmetatable({}, { __tostring = function() return {} end }))) --> false '__tostring' must return a string
local slow = setmetatable({}, { __tostring = function() tri.sleep(0.001) return "slow" end })
local g = tri.go(print, "1", slow, "3")
tri.yield()
print("between") --> between
g:join() --> 1 slow 3
print() -->
print("", "") -->
print(("x"):rep(10), 1e100, -0.0, math.mininteger, "a\0b" == "a\0b") --> xxxxxxxxxx 1e+100 -0.0 -9223372036854775808 true
debug.setmetatable(0, { __tostring = function(n) return "number" end })
print(1, 2.5) --> number number
debug.setmetatable(0, nil)
print((print == _G.print), select("#", print("r"))) --> r
--> true 0
-- In a finalizer, in an atomic section, and in a cancelled G.
setmetatable({}, { __gc = function() print("finalizer", 1) io.write("writes ", 2, "\n") end })
collectgarbage() --> finalizer 1
--> writes 2
tri.atomic(print, "atomic") --> atomic
local cancelled = tri.go(function()
  tri.self():cancel()
  print("cancelled")
end)
cancelled:join() --> cancelled
