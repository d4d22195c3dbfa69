-- With short slices trilune.atomic is not reported as long before 10 ms.
--! options --slice 50us
--! stderr \A(?!(.|\n)*for \d ms)
local tri = require "trilune"
tri.go(function() for _ = 1, 100 do tri.yield() end end)
for _ = 1, 100 do
  local late = tri.now() + 0.001
  tri.atomic(function() while tri.now() < late do end end)
  tri.yield()
end
print "end"                                    --> end
