-- debug.traceback takes a message, a level and a coroutine; other messages come back as they are.
--! same-as-lua
local function inner(...) return debug.traceback(...) end
local function outer(...)
  local r = inner(...)
  return r
end
print(outer())
print(outer("message"))
print(outer("level 0", 0))
print(outer("level 2", 2))
print(outer("level 99", 99))
print(outer(nil))
print(outer(nil, 3))
print(outer(12))
print(outer(true), outer(print) == print)
local t = {}
print(outer(t) == t)
print(debug.traceback(coroutine.running(), "main thread"))
