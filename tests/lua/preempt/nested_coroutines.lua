-- Coroutines five deep are preempted at any level, and yield what they should.
--! options --slice 50us
package.path = "../lib/?.lua;" .. package.path
local preempted = require "preempted"
local function walk(depth, n)
  return coroutine.wrap(function()
    if depth == 0 then
      for i = 1, n do coroutine.yield(i) end
    else
      for i in walk(depth - 1, n) do
        local x = i
        for k = 1, 5 do x = x + k - k end
        coroutine.yield(x)
      end
    end
  end)
end
print(preempted(function()
  local sum = 0
  for i in walk(5, 500) do sum = sum + i end
  local co = coroutine.create(function(a, b)
    for k = 1, 500 do a, b = coroutine.yield(a + b, k) end
    return "end"
  end)
  local total = 0
  for k = 1, 500 do
    local ok, s, at = coroutine.resume(co, k, 1)
    assert(ok and s == k + 1 and at == k)
    total = total + s
  end
  local ok, last = coroutine.resume(co)
  return sum, total, ok, last, coroutine.status(co)
end))                                          --> 125250 125750 true end dead
