-- Two goroutines talk over a channel. The main script waits for whichever is ready first.
local tri = require "trilune"
local words, done = tri.chan(), tri.chan()
tri.go(function()
  for word in ("goroutines in plain Lua"):gmatch("%a+") do
    tri.sleep(0.05)
    words:send(word)
  end
  done:close()
end)
while true do
  local i, word = tri.select { { words }, { done }, timeout = 1 }
  if i == 1 then print(word) else break end
end
