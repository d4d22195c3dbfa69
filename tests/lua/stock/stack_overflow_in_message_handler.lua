-- A handler that runs into the stack limit while handling an overflow does not crash.
--! same-as-lua
local function f() return f() + 1 end
local ok, m = xpcall(f, function(m) return f() end)
print(ok, type(m))
ok, m = xpcall(f, debug.traceback)
print(ok, m:match("stack overflow"), m:match("stack traceback:"), m:match("%.%.%.\t%(skipping") ~= nil)
