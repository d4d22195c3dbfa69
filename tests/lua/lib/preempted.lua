-- preempted(f, ...): calls f(...) again and again while another G computes all the time, until
-- Gs have been preempted 30 times; every call must give what the first gave. Gives these results.
local tri = require "trilune"

return function(f, ...)
  local stop = false
  local hog = tri.go(function()
    local n = 0
    while not stop do n = n + 1 end
    return n
  end)
  local before = tri.stats().preemptions
  local first
  repeat
    local results = table.pack(f(...))
    first = first or results
    assert(results.n == first.n, "another number of results")
    for i = 1, first.n do
      if results[i] ~= first[i] then
        error(("result %d: %s, but first %s"):format(i, results[i], first[i]))
      end
    end
  until tri.stats().preemptions - before >= 30
  stop = true
  assert(hog:join())
  return table.unpack(first, 1, first.n)
end
