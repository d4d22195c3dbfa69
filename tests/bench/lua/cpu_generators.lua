-- Generators by coroutine.wrap, one feeding the next, as scripts use them.
local rounds = tonumber(arg[1]) or 34

local wrap, yield = coroutine.wrap, coroutine.yield

local function range(n)
  return wrap(function() for i = 1, n do yield(i) end end)
end

local function filter(predicate, source)
  return wrap(function()
    for v in source do
      if predicate(v) then yield(v) end
    end
  end)
end

local function permutations(list)
  local function step(n)
    if n == 0 then
      yield(list)
      return
    end
    for i = 1, n do
      list[i], list[n] = list[n], list[i]
      step(n - 1)
      list[i], list[n] = list[n], list[i]
    end
  end
  return wrap(function() step(#list) end)
end

local sum = 0
for round = 1, rounds do
  local function not_multiple(v) return v % (round + 1) ~= 0 end
  for v in filter(not_multiple, range(60000)) do sum = sum + v end
  for p in permutations({1, 2, 3, 4, 5, 6, 7}) do sum = sum + p[1] * p[7] end
  for i = 1, 2000 do sum = sum + range(i)() end
end
print("result=" .. sum)
