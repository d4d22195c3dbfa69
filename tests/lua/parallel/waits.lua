-- The function may wait, and so may its caller's other Gs meanwhile.
local par = require "trilune.parallel"
local tri = require "trilune"

local questions, answers = tri.channel(0), tri.channel(0)
tri.go(function()
  for q in questions:iter() do answers:send(q + 1) end
end)
local r = par.map(function(v)
  questions:send(v)
  return answers:recv() > 0
end, par.range(1, 20), {workers = 2})
for i = 1, 20 do assert(r[i] == true) end
-- Two calls at once.
local a = tri.go(par.reduce, math.max, par.range(1, 1000))
local b = tri.go(par.reduce, math.min, par.range(1, 1000))
print(a:join())  --> true 1000
print(b:join())  --> true 1
