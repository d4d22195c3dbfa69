-- What yield2 compares with: pairs of coroutine.resume and coroutine.yield.
local resume, yield = coroutine.resume, coroutine.yield

local n = tonumber(arg[1]) or 4000000
local co = coroutine.create(function() while true do yield() end end)

local start = os.clock()
for _ = 1, n do resume(co) end
local seconds = os.clock() - start
print(("ns_per_op=%.2f"):format(seconds / n * 1e9))
