-- Values that do not fit on the other stack give "too many arguments/results to resume".
--! same-as-lua
local t = {}
local function big(n) return table.unpack(t, 1, n) end
local co = coroutine.create(function() return (function(...) return coroutine.yield() end)(big(500000)) end)
print(coroutine.resume(co))                      --> true
print(coroutine.resume(co, big(600000)))         --> false too many arguments to resume
print(coroutine.status(co))                      --> suspended
print(coroutine.resume(co))                      --> true
local giver = coroutine.create(function() return big(600000) end)
local function taker(...) return coroutine.resume(giver) end
print(taker(big(500000)))                        --> false too many results to resume
print(pcall(coroutine.wrap(function() return select("#", big(400000)) end))) --> true 400000
