-- Once a G of the group has failed, each wait of its function raises, whatever it catches; after it none does.
local tri = require "trilune"
local raised = 0
local ok, e = pcall(tri.group, function(group)
  group:go(error, "member", 0)
  for _ = 1, 10 do
    if not pcall(tri.sleep, 0.001) then raised = raised + 1 end
  end
  return "results"
end)
print(ok, e, raised >= 9)    --> false member true
print(pcall(tri.sleep, 0))   --> true
