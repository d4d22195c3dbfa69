-- os.exit while Gs read from silent pipes, wait for them, and write to a full one.
local tri = require "trilune"
local silent = io.popen("exec sleep 20 2>/dev/null")
for _ = 1, 3 do tri.go(function() silent:read() end) end
tri.go(function() os.execute("exec sleep 20 >/dev/null 2>&1") end)
local full = os.tmpname()
os.remove(full)
os.execute("mkfifo " .. full)
tri.go(function()
  local f <close> = io.open(full)
  tri.sleep(100)
end)
tri.go(function()
  local f <close> = io.open(full, "w")
  f:write(("x"):rep(1 << 20))
end)
for _ = 1, 20 do tri.sleep(0.001) end
print("end") --> end
io.stdout:flush()
os.remove(full)
os.exit(0)
