-- Endless nesting of resumes ends in a catchable "C stack overflow".
--! same-as-lua
local function f()
  local ok, m = coroutine.resume(coroutine.create(f))
  if not ok then return m end
  return m
end
print(f())                                                    --> C stack overflow
local function g() return coroutine.wrap(g)() end
local ok, m = pcall(g)
print(ok, m:match("C stack overflow$"))                       --> false C stack overflow
print(coroutine.wrap(function() return "fine" end)())         --> fine
