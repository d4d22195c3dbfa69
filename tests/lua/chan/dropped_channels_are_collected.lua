-- Channels that nobody holds are collected with the values in them, cycles included.
local tri = require "trilune"
local weak = setmetatable({}, { __mode = "v" })
do
  for i = 1, 100 do
    local ch, value = tri.chan(2), { i }
    ch:send(value)
    ch:send(ch)
    weak[#weak + 1], weak[#weak + 2] = ch, value
  end
end
collectgarbage() collectgarbage()
local n = 0
for _ in pairs(weak) do n = n + 1 end
print(n <= 2)     --> true
