-- An error string that leaves coroutine.wrap gets the caller's position in front; other values do not.
--! same-as-lua
local function message(f) return (select(2, pcall(f))) end
local function base(s) return (tostring(s):gsub("[^ ]*/", "")) end
print(base(message(function() coroutine.wrap(function() error("plain", 0) end)() end)))
print(base(message(function() coroutine.wrap(function() error("placed") end)() end)))
print(base(message(function()
  coroutine.wrap(function() coroutine.wrap(function() error("twice") end)() end)()
end)))
print(message(function() coroutine.wrap(function() error(42) end)() end))
print(message(function() coroutine.wrap(function() error(nil) end)() end))
print(base(message(function() local t = nil; coroutine.wrap(function() t.x = 1 end)() end)))
print(base(message(coroutine.wrap(function() error("called by C", 0) end))))
