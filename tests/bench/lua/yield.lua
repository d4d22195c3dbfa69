-- Some Gs that yield in turn, while the main script waits for them.
local tri = require "trilune"
local yield = tri.yield

local gs = tonumber(arg[1]) or 2
local total = tonumber(arg[2]) or 4000000
local each = total // gs

local list = {}
local start = tri.now()
for i = 1, gs do
  list[i] = tri.go(function() for _ = 1, each do yield() end end)
end
for i = 1, gs do assert(list[i]:join()) end
local seconds = tri.now() - start
print(("ns_per_op=%.2f"):format(seconds / (each * gs) * 1e9))
