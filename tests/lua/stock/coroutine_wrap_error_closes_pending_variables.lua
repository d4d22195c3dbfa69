-- An error inside coroutine.wrap runs the coroutine's to-be-closed variables before the caller sees it.
--! same-as-lua
local function tbc(name, fails)
  return setmetatable({}, { __close = function(_, e)
    print("close", name, e)
    if fails then error(fails, 0) end
  end })
end
print(pcall(coroutine.wrap(function()
  local a <close> = tbc("a")
  local b <close> = tbc("b")
  error("first", 0)
end)))
print(pcall(coroutine.wrap(function()
  local a <close> = tbc("a")
  local b <close> = tbc("b", "second")
  error("first", 0)
end)))
local co = coroutine.create(function()
  local a <close> = tbc("kept open")
  error("from resume", 0)
end)
print(coroutine.resume(co))
print(coroutine.close(co))
