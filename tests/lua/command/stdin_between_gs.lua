-- Lines of stdin that several Gs read are each read once.
--! stdin 1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n
local tri = require "trilune"
local sum, gs = 0, {}
for i = 1, 3 do
  gs[i] = tri.go(function()
    for line in io.lines() do
      sum = sum + tonumber(line)
      tri.yield()
    end
  end)
end
for _, g in ipairs(gs) do g:join() end
print(sum)   --> 55
