-- What go_one compares with: a coroutine made, run and ended, one at a time.
local create, resume = coroutine.create, coroutine.resume

local n = tonumber(arg[1]) or 1000000
local ended = 0
local function body() ended = ended + 1 end

local start = os.clock()
for _ = 1, n do resume(create(body)) end
local seconds = os.clock() - start
assert(ended == n)
print(("ns_per_op=%.2f"):format(seconds / n * 1e9))
