-- Generators made of generators give the permutations of a list in order.
--! same-as-lua
local function permutations(a, n)
  return coroutine.wrap(function()
    if n <= 1 then return coroutine.yield(table.concat(a)) end
    for i = 1, n do
      a[i], a[n] = a[n], a[i]
      for p in permutations(a, n - 1) do coroutine.yield(p) end
      a[i], a[n] = a[n], a[i]
    end
  end)
end
local count = 0
for p in permutations({ "a", "b", "c", "d" }, 4) do
  count = count + 1
  print(p)
end
print(count)
