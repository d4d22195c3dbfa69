-- An error in a close handler becomes the result of coroutine.close, and later handlers see it.
--! same-as-lua
local function tbc(name, fails)
  return setmetatable({}, { __close = function(_, e)
    print("close", name, e)
    if fails then error(name .. " failed", 0) end
  end })
end
local co = coroutine.create(function()
  local a <close> = tbc("a")
  local b <close> = tbc("b", true)
  local c <close> = tbc("c")
  local d <close> = tbc("d", true)
  coroutine.yield()
end)
coroutine.resume(co)
print(coroutine.close(co))
--> close d nil
--> close c d failed
--> close b d failed
--> close a b failed
--> false b failed
print(coroutine.status(co))   --> dead
print(coroutine.close(co))    --> true
