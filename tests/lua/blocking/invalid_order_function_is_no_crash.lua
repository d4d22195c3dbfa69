-- A list changed by others during a waiting sort gives a result or "invalid order function", never a crash.
local tri = require "trilune"
local results = {}
for round = 1, 20 do
  local t = {}
  for i = 1, 200 do t[i] = (i * 7 + round) % 101 end
  local stop = false
  local g = tri.go(function()
    local i = 0
    while not stop do
      i = i + 1
      t[i * 13 % 200 + 1] = i % 101
      tri.yield()
    end
  end)
  local ok, m = pcall(table.sort, t, function(a, b) tri.yield() return (a or 0) < (b or 0) end)
  stop = true
  g:join()
  assert(ok or m:find("invalid order function"), m)
end
print("done")   --> done
