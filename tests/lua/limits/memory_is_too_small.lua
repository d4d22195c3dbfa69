-- An isolate that does not even hold what it begins with fails, and says so.
local tri = require "trilune"
for _, size in ipairs { 1, "1K", "16K" } do
  print((select(2, tri.spawn({ memory = size }, function() return 1 end):join())))
end
--> not enough memory
--> not enough memory
--> not enough memory
