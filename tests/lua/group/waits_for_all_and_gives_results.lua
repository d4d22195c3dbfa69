-- tri.group waits until every G has ended and gives the function's results, nils included.
local tri = require "trilune"
local ended = 0
print(select("#", tri.group(function(group)
  for i = 1, 10 do
    group:go(function()
      for _ = 1, i do tri.yield() end
      ended = ended + 1
    end)
  end
  return "result", nil, 3, nil
end)), ended)                                                 --> 4 10
print(tri.group(function() return "no Gs at all" end))        --> no Gs at all
print(select("#", tri.group(function() end)))                 --> 0
print(tri.group(function(group, a, b) return a, b end, 1, 2)) --> 1 2
