-- The tree of skynet.lua with plain coroutines, each yielding its sum.
local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield

local function node(first, size)
  if size == 1 then
    yield(first)
    return
  end
  local part = size // 10
  local children = {}
  for i = 0, 9 do children[i] = create(node) end
  local sum = 0
  for i = 0, 9 do
    local _, v = resume(children[i], first + i * part, part)
    sum = sum + v
  end
  for i = 0, 9 do resume(children[i]) end
  yield(sum)
end

local leaves = tonumber(arg[1]) or 1000000
local start = os.clock()
local root = create(node)
local _, sum = resume(root, 0, leaves)
resume(root)
local seconds = os.clock() - start
assert(sum == leaves * (leaves - 1) // 2)
print(("seconds=%.4f"):format(seconds))
