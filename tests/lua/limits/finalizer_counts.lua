-- Instructions in finalizers count, whether or not they can be counted one by one.
local tri = require "trilune"
print((select(2, tri.spawn({ instructions = 1e6 }, function()
  while true do
    setmetatable({}, { __gc = function() for i = 1, 1e5 do end end })
    collectgarbage()
  end
end):join(50))))   --> instruction limit (1000000) exceeded
