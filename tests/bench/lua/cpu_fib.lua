-- Calls and integer arithmetic.
local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local n = tonumber(arg[1]) or 35
local expected = {[20] = 6765, [35] = 9227465}
local result = fib(n)
assert(result == (expected[n] or result))
print("result=" .. result)
