-- Closing a chain of coroutines that hold each other open works at depths below the limit.
--! same-as-lua
local closed = 0
local function chain(n)
  local co = coroutine.create(function()
    local inner = n > 1 and chain(n - 1) or nil
    local t <close> = setmetatable({}, { __close = function()
      closed = closed + 1
      if inner then assert(coroutine.close(inner)) end
    end })
    coroutine.yield()
  end)
  assert(coroutine.resume(co))
  return co
end
print(coroutine.close(chain(50)), closed)   --> true 50
