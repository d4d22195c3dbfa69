-- An error object leaves coroutine.wrap as the same table, through several levels.
--! same-as-lua
local object = setmetatable({}, { __tostring = function() return "object" end })
local function thrower() error(object) end
local function level(n)
  if n == 0 then return thrower() end
  return coroutine.wrap(level)(n - 1)
end
local ok, e = pcall(level, 5)
print(ok, e == object, tostring(e))   --> false true object
