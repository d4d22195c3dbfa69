-- Results are in the list's order, whoever was first; the function gets the
-- index, too.
local par = require "trilune.parallel"

for _, chunk in ipairs {1, 7, 1000, 5000} do
  local list = {}
  for i = 1, 1000 do list[i] = i * 3 end
  local results, n = par.map(function(v, i)
    for _ = 1, (v % 11) * 50 do end
    return v .. ":" .. i
  end, list, {chunk = chunk, workers = 3})
  assert(n == 1000)
  for i = 1, 1000 do assert(results[i] == i * 3 .. ":" .. i) end
end
print "ok"  --> ok
