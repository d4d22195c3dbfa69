-- Gs that have ended, and their values, are collected.
local tri = require "trilune"
local weak = setmetatable({}, { __mode = "v" })
local function round()
  for i = 1, 1000 do
    local value = { i }
    local g = tri.go(function(v) tri.yield() return v end, value)
    weak[#weak + 1], weak[#weak + 2] = value, g
    g:join()
  end
end
round()
collectgarbage() collectgarbage()
local n = 0
for _ in pairs(weak) do n = n + 1 end
print(n <= 4)                                --> true
local before = collectgarbage("count")
for _ = 1, 20 do weak = setmetatable({}, { __mode = "v" }) round() end
weak = nil
collectgarbage() collectgarbage()
print(collectgarbage("count") < before * 2)  --> true
