-- Without a limit, too: garbage outside of the heap does not pile up.
local tri = require "trilune"
local function reserved()
  for line in io.lines "/proc/self/statm" do return tonumber(line:match "%d+ (%d+)") * 4 // 1024 end
end
local long = ("x"):rep(1 << 20)
local before = reserved()
for _ = 1, 1000 do tri.channel(1):send(long) end
print(reserved() - before < 300)     --> true
before = reserved()
for _ = 1, 500 do local c = tri.channel(1) c:send { c, long } end
print(reserved() - before < 300)     --> true
