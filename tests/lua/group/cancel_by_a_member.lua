-- A G may cancel its own group: the first result found stops the search of the others.
local tri = require "trilune"
local found, ended = nil, 0
pcall(tri.group, function(group)
  for i = 1, 10 do
    group:go(function()
      local t <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
      for round = 1, 100 do
        tri.yield()
        if i == 7 and round == 5 then
          found = i
          group:cancel("found")
        end
      end
    end)
  end
end)
print(found, ended)   --> 7 10
