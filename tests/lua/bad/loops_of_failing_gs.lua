-- Thousands of Gs that fail, are cancelled or end in all ways at once leave the program as it was.
local tri = require "trilune"
local counts = {}
for i = 1, 5000 do
  local g = tri.go(function()
    local t <close> = setmetatable({}, { __close = function() end })
    if i % 5 == 0 then error({}) end
    if i % 5 == 1 then table.sort({ 3, 2, 1 }, function() tri.yield() error("in sort", 0) end) end
    if i % 5 == 2 then tri.chan():recv() end
    if i % 5 == 3 then coroutine.wrap(function() tri.yield() error("in wrap", 0) end)() end
    return "fine"
  end)
  if i % 3 == 0 then tri.yield() end
  if i % 5 == 2 then g:cancel("cancelled") end
  local ok, e = g:join()
  local kind = type(e) == "string" and e:match("[%a ]+$") or type(e)
  counts[kind] = (counts[kind] or 0) + 1
end
print(counts.table, counts["in sort"], counts.cancelled, counts[" in wrap"] or counts["in wrap"], counts.fine)
--> 1000 1000 1000 1000 1000
