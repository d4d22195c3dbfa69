-- An error raised in a hook ends what runs, can be caught, and leaves the hook working.
--! same-as-lua
local function forever() while true do end end
local n = 0
for _ = 1, 3 do
  debug.sethook(function() n = n + 1; error("stopped", 0) end, "", 10000)
  print(pcall(forever))
  debug.sethook()
end
print(n)
local co = coroutine.create(forever)
debug.sethook(co, function() error("stopped in a coroutine") end, "", 5000)
local ok, m = coroutine.resume(co)
print(ok, (m:gsub("^.-/?([^/]*)$", "%1")), coroutine.status(co))
--> false stopped
--> false stopped
--> false stopped
--> 3
--> false hook_that_raises.lua:12: stopped in a coroutine dead
