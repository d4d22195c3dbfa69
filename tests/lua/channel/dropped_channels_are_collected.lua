-- A channel that nobody holds is collected, with what lies in its buffer.
local tri = require "trilune"
local weak = setmetatable({}, { __mode = "v" })
do
  for i = 1, 100 do
    local ch = tri.channel(2)
    ch:send(("x"):rep(1000) .. i)
    weak[#weak + 1] = ch
  end
end
collectgarbage() collectgarbage()
local n = 0
for _ in pairs(weak) do n = n + 1 end
print(n <= 1)     --> true
