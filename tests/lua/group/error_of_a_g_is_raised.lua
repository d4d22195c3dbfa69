-- The error of a G is raised by tri.group as the same object, after the others have ended.
local tri = require "trilune"
local object, ended = {}, 0
local ok, e = pcall(tri.group, function(group)
  for i = 1, 5 do
    group:go(function()
      local t <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
      tri.yield()
      if i == 3 then error(object) end
      tri.sleep(1000)
    end)
  end
end)
print(ok, e == object, ended)   --> false true 5
