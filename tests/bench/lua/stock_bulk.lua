-- A million coroutines made, then each run to its end; with the argument
-- "park" each yields once on the way.
local create, resume = coroutine.create, coroutine.resume
local yield = coroutine.yield

local park = arg[1] == "park"
local n = 1000000
local ended = 0
local function body()
  if park then yield() end
  ended = ended + 1
end

local start = os.clock()
local list = {}
for i = 1, n do list[i] = create(body) end
for i = 1, n do resume(list[i]) end
if park then
  for i = 1, n do resume(list[i]) end
end
local seconds = os.clock() - start
assert(ended == n)
print(("ns_per_op=%.2f"):format(seconds / n * 1e9))
