-- Eight queens: 92 solutions, the first as everybody knows it.
--! same-as-lua
local N, count, first = 8, 0, nil
local function free(a, n, c)
  for i = 1, n - 1 do
    if a[i] == c or a[i] - i == c - n or a[i] + i == c + n then return false end
  end
  return true
end
local function add(a, n)
  if n > N then
    count = count + 1
    first = first or table.concat(a, " ")
    return
  end
  for c = 1, N do
    if free(a, n, c) then a[n] = c; add(a, n + 1); a[n] = nil end
  end
end
add({}, 1)
print(count, first)   --> 92 1 5 8 6 3 7 2 4
