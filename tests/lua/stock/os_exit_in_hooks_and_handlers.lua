-- os.exit works inside a hook, and inside a message handler that runs in a coroutine.
--! same-as-lua
--! exit 12
local n = 0
debug.sethook(function() n = n + 1 end, "", 10)
for i = 1, 1000 do end
debug.sethook()
print(n > 0)
coroutine.wrap(function()
  xpcall(error, function(m)
    print(m)
    debug.sethook(function() os.exit(12) end, "l")
    local a = 1
    local b = 2
  end, "message")
end)()
print("not reached")
