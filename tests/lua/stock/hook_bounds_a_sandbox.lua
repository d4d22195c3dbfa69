-- A count hook that raises through coroutines and pcall bounds what a script may run.
--! same-as-lua
local function limited(limit, f)
  local left = limit
  local function hook()
    left = left - 1000
    if left < 0 then error("quota", 0) end
  end
  local co = coroutine.create(f)
  debug.sethook(co, hook, "", 1000)
  return coroutine.resume(co)
end
print(limited(50000, function() return "short" end))                      --> true short
print(limited(50000, function() for i = 1, 1e9 do end end))               --> false quota
print(limited(50000, function() while true do pcall(error) end end))      --> false quota
print(limited(9000, function() return string.rep("x", 3) end))            --> true xxx
