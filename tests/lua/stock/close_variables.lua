-- To-be-closed variables close on every way out of a block, last first, with the error that is under way.
--! same-as-lua
local function tbc(n, fails)
  return setmetatable({}, { __close = function(_, e)
    print("close", n, e)
    if fails then error(fails, 0) end
  end })
end
do local a <close>, b = tbc("block"), 1 end
for i = 1, 3 do local a <close> = tbc("loop " .. i); if i == 2 then break end end
print((function() local a <close> = tbc("return") return "value" end)())
print(pcall(function() local a <close> = tbc("outer"); local b <close> = tbc("inner", "new"); error("old", 0) end))
for _ in function(_, i) if not i then return 1 end end, nil, nil, tbc("iterator") do print("body") end
do local n <close> = nil; local f <close> = false end
print(pcall(function() local x <close> = 42 end))
goto out
do ::back:: local a <close> = tbc("never") end
::out::
print(pcall(coroutine.wrap(function() local a <close> = tbc("in wrap") error("wrapped", 0) end)))
local function tail() local a <close> = tbc("before the call result") return (string.rep("r", 2)) end
print(tail())
